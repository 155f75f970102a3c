import type { Template } from "../client/contract";

/** The gaps of the text come first, in order; those of buttons do not show in it. */
export function filled(template: Pick<Template, "text">, values: Record<number, string>): string {
  let place = 0;
  return template.text.replace(/\{\{[^{}]*\}\}/g, (gap) => values[place++] || gap);
}

/** `text` in the draft, instead of what is selected there. */
export function inserted(draft: string, text: string, start: number, end: number): string {
  return draft.slice(0, start) + text + draft.slice(end);
}
