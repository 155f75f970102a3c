import { useState } from "react";

const PREFIX = "touchpoint.draft/";

/** A text that is kept for this tab under `key`, over a reload too. */
export function useDraft(key: string): [string, (text: string) => void] {
  const [, redraw] = useState(0);
  const set = (text: string) => {
    if (text) sessionStorage.setItem(PREFIX + key, text);
    else sessionStorage.removeItem(PREFIX + key);
    redraw((count) => count + 1);
  };
  return [sessionStorage.getItem(PREFIX + key) ?? "", set];
}

/** What was sent is no draft any longer; what was typed meanwhile stays one. */
export function dropDraft(key: string, sent: string): void {
  if (sessionStorage.getItem(PREFIX + key) === sent) sessionStorage.removeItem(PREFIX + key);
}

/** Whoever signs in next at this tab finds nothing. */
export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}
