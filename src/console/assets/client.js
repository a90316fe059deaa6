// What JavaScript adds to pages that work without it: copy buttons, counting down, live events, the reader's zone, tooltips.
// Nothing here is needed to read or to change anything.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !/(?:^|; )tollgate_zone=/.test(document.cookie)) {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in two of the three engines.
    document.cookie = `tollgate_zone=${zone}; path=/ui; max-age=31536000; samesite=lax`;
  }

  function wake(root) {
    for (const button of root.querySelectorAll('[data-copy][hidden]')) button.hidden = false;
    for (const button of root.querySelectorAll('[data-autosubmit-button]')) button.hidden = true;
    for (const node of root.querySelectorAll('[data-countdown]:not([data-until])')) {
      node.dataset.until = String(performance.now() + Number(node.dataset.countdown));
    }
  }

  document.addEventListener('click', async (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
    if (!button) return;
    const was = button.textContent;
    button.textContent = (await copied(button.dataset.copy)) ? 'Copied' : 'Select and copy';
    setTimeout(() => {
      button.textContent = was;
    }, 1600);
  });

  /** The clipboard API wants a secure page; over plain HTTP a selection does the same. */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      area.className = 'sr-only';
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      return done;
    }
  }

  document.addEventListener('change', (event) => {
    const field = event.target;
    if (field instanceof HTMLSelectElement && field.dataset.autosubmit !== undefined)
      field.form?.requestSubmit();
  });

  setInterval(() => {
    for (const node of document.querySelectorAll('[data-until]')) {
      const left = Math.max(0, Number(node.dataset.until) - performance.now());
      const seconds = Math.ceil(left / 1000);
      node.textContent =
        left === 0
          ? 'ready'
          : seconds < 60
            ? `${seconds} s`
            : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    }
  }, 500);

  const live = document.querySelector('[data-live]');
  if (live) {
    const state = document.querySelector('[data-live-state]');
    const say = (text) => {
      if (state) state.textContent = text;
    };
    const source = new EventSource(live.dataset.live);
    source.addEventListener('open', () => say('Live'));
    source.addEventListener('error', () => say('Reconnecting'));
    source.addEventListener('rows', (event) => {
      live.innerHTML = event.data;
      wake(live);
    });
    addEventListener('pagehide', () => source.close());
  }

  document.addEventListener('htmx:after:swap', () => wake(document));
  wake(document);
})();
