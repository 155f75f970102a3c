import { useQueries } from "@tanstack/react-query";
import type { Attachment, Touch } from "../client/contract";
import { download } from "../client/http";

const SHOWN = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const LARGEST_BYTES = 5_000_000;

/** The mail's html with the pictures that came with it: `cid:` becomes the picture itself. */
export function useInlineImages(touch: Touch): string {
  const html = touch.html ?? "";
  const named = namedImages(html, touch);
  const pictures = useQueries({
    queries: named.map((image) => ({
      queryKey: ["picture", image.id],
      queryFn: async () => dataUrl(await download(image)),
      staleTime: Infinity,
    })),
  });
  return named.reduce((shown, image, place) => {
    const url = pictures[place]?.data;
    return url ? shown.replaceAll(`cid:${image.content_id}`, url) : shown;
  }, html);
}

/** The pictures that the html names; nothing that a browser might run. */
export function namedImages(html: string, touch: Pick<Touch, "attachments">): Attachment[] {
  const stored = touch.attachments.filter((file): file is Attachment => file.id !== undefined);
  return stored.filter(
    ({ content_id, type, size }) =>
      content_id && html.includes(`cid:${content_id}`) && SHOWN.includes(type) && size <= LARGEST_BYTES,
  );
}

function dataUrl(picture: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("not readable"));
    reader.readAsDataURL(picture);
  });
}
