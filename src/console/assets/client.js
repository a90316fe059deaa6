// What JavaScript adds to pages that work without it: copy buttons, counting down, live events, the reader's zone, tooltips.
// Nothing here is needed to read or to change anything.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !/(?:^|; )tollgate_zone=/.test(document.cookie)) {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in two of the three engines.
    document.cookie = `tollgate_zone=${zone}; path=/ui; max-age=31536000; samesite=lax`;
  }

  function wake(root) {
    for (const button of root.querySelectorAll('[data-zoom-button]')) button.hidden = !('uPlot' in window);
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

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-zoom-button]') : null;
    const figure = button?.closest('figure');
    if (!figure) return;
    const plot = figure.querySelector('[data-zoom-plot]');
    const zoomed = plot.hidden;
    plot.hidden = !zoomed;
    figure.querySelector('[data-zoom-drawn]').hidden = zoomed;
    button.setAttribute('aria-pressed', String(zoomed));
    if (zoomed && !plot.firstChild) drawZoom(figure, plot);
  });

  /** Lines that can be zoomed by dragging; a double click shows all again. */
  function drawZoom(figure, plot) {
    const { starts, series, timeZone, unit } = JSON.parse(figure.dataset.zoom);
    const style = getComputedStyle(figure);
    const paint = (name) => style.getPropertyValue(name).trim();
    const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 });
    const write = (value) =>
      value === null ? '–' : unit === 'cost' ? `$${compact.format(value / 1e9)}` : compact.format(value);
    const axis = {
      stroke: paint('--muted'),
      grid: { stroke: paint('--line') },
      ticks: { stroke: paint('--line') },
    };
    const lines = series.map((each, at) => ({
      label: each.name,
      stroke: paint(`--series-${at + 1}`),
      width: 2,
      dash: each.before ? [4, 4] : undefined,
      value: (_, value) => write(value),
    }));
    const options = {
      width: plot.clientWidth,
      height: 280,
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), timeZone),
      axes: [axis, { ...axis, size: 64, values: (_, values) => values.map(write) }],
      series: [{}, ...lines],
    };
    new window.uPlot(options, [starts.map((ms) => ms / 1000), ...series.map((each) => each.values)], plot);
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
