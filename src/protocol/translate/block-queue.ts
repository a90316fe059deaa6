// Content blocks of an Anthropic stream in their order: one open at a time, indices without gaps, every one closed.
// What belongs to a later block waits until the open one is whole, since parallel calls may arrive interleaved.
import type { JsonObject } from '../../lib/json.ts';
import { areComplete } from './arguments.ts';
import { DetailList, sealReasoning } from './reasoning.ts';

/** More than this does not wait; the open block is then closed as it is. */
const WAITING_CHARS_MAX = 4 * 1024 * 1024;
const WAITING_BLOCKS_MAX = 1_000;
/** Arguments longer than this are not looked at any more; their block is open until the end. */
const ARGUMENT_CHARS_MAX = 4 * 1024 * 1024;

export interface ToolBlock {
  readonly kind: 'tool';
  id: string;
  name: string;
  /** All arguments so far, to know when they are whole. */
  args: string;
}
type Block =
  | ToolBlock
  | { readonly kind: 'text' }
  | { readonly kind: 'thinking'; readonly details: DetailList };

interface Entry {
  readonly block: Block;
  waiting: string;
  open: boolean;
}

export class BlockQueue {
  readonly #provider: string;
  readonly #emit: (data: JsonObject) => void;
  readonly #entries: Entry[] = [];
  /** Details that came after their block: they wait for the next one, for none may end in thinking. */
  #floating: JsonObject[] = [];
  #waitingChars = 0;
  #index = 0;

  /** `emit` gets each event's data in order. `provider` is who made the reasoning. */
  constructor(provider: string, emit: (data: JsonObject) => void) {
    this.#provider = provider;
    this.#emit = emit;
  }

  text(text: string): void {
    this.#flushFloating();
    this.#append(
      this.#entryOf('text', () => ({ kind: 'text' })),
      text,
    );
    this.#advance(false);
  }

  thinking(text: string): void {
    this.#flushFloating();
    this.#append(this.#entryOf('thinking', newThinking), text);
    this.#advance(false);
  }

  details(details: JsonObject[]): void {
    const tail = this.#entries.at(-1)?.block;
    if (tail?.kind === 'thinking') for (const detail of details) tail.details.add(detail);
    else if (this.#floating.length < WAITING_BLOCKS_MAX) this.#floating.push(...details);
  }

  tool(id: string, name: string): ToolBlock {
    this.#flushFloating();
    const block: ToolBlock = { kind: 'tool', id, name, args: '' };
    this.#entries.push({ block, waiting: '', open: false });
    this.#advance(false);
    return block;
  }

  /** Pieces for a block that was closed as whole are dropped: they can only be blanks. */
  toolArguments(block: ToolBlock, text: string): void {
    const entry = this.#entries.find((each) => each.block === block);
    if (!entry) return;
    if (block.args.length < ARGUMENT_CHARS_MAX) block.args += text;
    this.#append(entry, text);
    this.#advance(false);
  }

  finish(): void {
    this.#advance(true);
  }

  #entryOf(kind: Block['kind'], make: () => Block): Entry {
    const tail = this.#entries.at(-1);
    if (tail?.block.kind === kind) return tail;
    const entry = { block: make(), waiting: '', open: false };
    this.#entries.push(entry);
    return entry;
  }

  #flushFloating(): void {
    if (this.#floating.length === 0) return;
    const details = this.#floating;
    this.#floating = [];
    const { block } = this.#entryOf('thinking', newThinking);
    if (block.kind === 'thinking') for (const detail of details) block.details.add(detail);
  }

  /** Writes what may be written; `force` closes everything, whole or not. */
  #advance(force: boolean): void {
    for (;;) {
      const entry = this.#entries[0];
      if (!entry) return;
      const forced = force || this.#isOverfull();
      const nameless = entry.block.kind === 'tool' && entry.block.name === '';
      if (nameless && !forced) return;
      if (!nameless) this.#write(entry);
      if (!forced && (this.#entries.length === 1 || !isWhole(entry.block))) return;
      if (!nameless) this.#close(entry);
      this.#waitingChars -= entry.waiting.length;
      this.#entries.shift();
    }
  }

  #isOverfull(): boolean {
    const many = this.#entries.length;
    return many > WAITING_BLOCKS_MAX || (many > 1 && this.#waitingChars > WAITING_CHARS_MAX);
  }

  #append(entry: Entry, text: string): void {
    entry.waiting += text;
    this.#waitingChars += text.length;
  }

  #write(entry: Entry): void {
    if (!entry.open) {
      entry.open = true;
      this.#emit({ type: 'content_block_start', index: this.#index, content_block: emptyBlock(entry.block) });
    }
    if (entry.waiting === '') return;
    const text = entry.waiting;
    entry.waiting = '';
    this.#waitingChars -= text.length;
    this.#delta(deltaOf(entry.block.kind, text));
  }

  #close(entry: Entry): void {
    if (entry.block.kind === 'thinking') {
      const signature = sealReasoning({ provider: this.#provider, details: entry.block.details.take() });
      this.#delta({ type: 'signature_delta', signature });
    }
    this.#emit({ type: 'content_block_stop', index: this.#index });
    this.#index++;
  }

  #delta(delta: JsonObject): void {
    this.#emit({ type: 'content_block_delta', index: this.#index, delta });
  }
}

function newThinking(): Block {
  return { kind: 'thinking', details: new DetailList() };
}

function isWhole(block: Block): boolean {
  return block.kind !== 'tool' || areComplete(block.args);
}

function emptyBlock(block: Block): JsonObject {
  if (block.kind === 'text') return { type: 'text', text: '' };
  if (block.kind === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return { type: 'tool_use', id: block.id, name: block.name, input: {} };
}

function deltaOf(kind: Block['kind'], text: string): JsonObject {
  if (kind === 'text') return { type: 'text_delta', text };
  if (kind === 'thinking') return { type: 'thinking_delta', thinking: text };
  return { type: 'input_json_delta', partial_json: text };
}
