/** The document that shows a mail: what it may load is decided by its own policy, before any of its content. */
export function mailDocument(html: string, images: boolean): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:${images ? " https: http:" : ""}`;
  return [
    '<!doctype html><html><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="referrer" content="no-referrer"><base target="_blank">',
    "<style>body{font:14px/1.5 system-ui,'Noto Sans SC',sans-serif;margin:6px;color:#1c1f24;overflow-wrap:anywhere}",
    "img{max-width:100%;height:auto}table{max-width:100%}blockquote{margin:4px 0 4px 4px;padding-left:10px;border-left:3px solid #d5dae2;color:#556}</style>",
    `</head><body>${html}</body></html>`,
  ].join("");
}

export function hasRemoteImages(html: string): boolean {
  return (
    /<img\b[^>]*\bsrc\s*=\s*["']?(?:https?:)?\/\//i.test(html) || /url\(\s*["']?(?:https?:)?\/\//i.test(html)
  );
}
