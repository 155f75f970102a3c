import type { Template } from "../client/contract";

/** The gaps of the text come first, in order; those of buttons do not show in it. */
export function filled(template: Template, values: Record<number, string>): string {
  let place = 0;
  return template.text.replace(/\{\{[^{}]*\}\}/g, (gap) => values[place++] || gap);
}
