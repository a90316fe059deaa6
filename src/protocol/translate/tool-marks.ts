// Text marks that carry what OpenAI's tool messages have no field for, and that the way back recognises.
// A tool message holds text only: images of a result follow in the next user message, each behind its mark.

const ERROR_MARK = '[tool error]\n';

export function markToolError(text: string): string {
  return ERROR_MARK + text;
}

export function readToolError(text: string): { isError: boolean; text: string } {
  return text.startsWith(ERROR_MARK)
    ? { isError: true, text: text.slice(ERROR_MARK.length) }
    : { isError: false, text };
}

const ATTACHMENT = /^\[attachment of the result of tool call ([^\]\s]+)\]$/;

export function markAttachment(callId: string): string {
  return `[attachment of the result of tool call ${callId}]`;
}

/** The tool call whose result the next part belongs to, or null. */
export function readAttachment(text: string): string | null {
  return ATTACHMENT.exec(text)?.[1] ?? null;
}
