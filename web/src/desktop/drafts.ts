import { useState } from "react";

const drafts = new Map<string, string>();

/** A text that is kept while the page lives, under `key`. */
export function useDraft(key: string): [string, (text: string) => void] {
  const [, redraw] = useState(0);
  const set = (text: string) => {
    drafts.set(key, text);
    redraw((count) => count + 1);
  };
  return [drafts.get(key) ?? "", set];
}
