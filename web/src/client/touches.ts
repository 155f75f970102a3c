/** Pages of touches, newest first, as a stream of single touches changes them. */
import type { Page, Touch } from "./contract";

export interface TouchPages {
  pages: Page<Touch>[];
  pageParams: unknown[];
}

/** A known touch is replaced where it stands, never by an older one; a new one goes in front. */
export function mergeTouch(cached: TouchPages | undefined, touch: Touch): TouchPages | undefined {
  if (!cached) return cached;
  const known = cached.pages.some((page) => page.items.some((item) => item.id === touch.id));
  const pages = cached.pages.map((page, index) => {
    if (known) return { ...page, items: page.items.map((item) => newer(item, touch)) };
    return index === 0 ? { ...page, items: [touch, ...page.items] } : page;
  });
  return { ...cached, pages };
}

function newer(known: Touch, told: Touch): Touch {
  return known.id === told.id && told.version >= known.version ? told : known;
}

/** Oldest first and each once, as a conversation is read. */
export function inOrder(cached: TouchPages | undefined): Touch[] {
  const all = new Map((cached?.pages ?? []).flatMap((page) => page.items).map((touch) => [touch.id, touch]));
  return [...all.values()].sort((a, b) => a.at.localeCompare(b.at) || a.id.localeCompare(b.id));
}
