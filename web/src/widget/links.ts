const LINK = /https?:\/\/[^\s<>"'，。；、！？（）《》]+/g;
const LAST = /[.,;:!?)\]}]+$/;

/** A text cut into what is a link and what is not. */
export function cutLinks(text: string): { text: string; href: string | null }[] {
  const parts: { text: string; href: string | null }[] = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    const href = found[0].replace(LAST, "");
    parts.push({ text: text.slice(end, found.index), href: null }, { text: href, href });
    end = found.index + href.length;
  }
  parts.push({ text: text.slice(end), href: null });
  return parts.filter((part) => part.text !== "");
}
