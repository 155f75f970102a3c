/** Elements without a framework. Nothing here parses HTML, so pages that demand Trusted Types are content. */

type Child = Node | string | null | false;

type Properties<T> = { [K in keyof T]?: T[K] | null } & {
  attr?: Record<string, string>;
  on?: Partial<{ [K in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[K]) => void }>;
};

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { attr = {}, on = {}, ...properties }: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties) as HTMLElementTagNameMap[K];
  for (const [name, value] of Object.entries(attr)) element.setAttribute(name, value);
  for (const [name, ear] of Object.entries(on)) element.addEventListener(name, ear as EventListener);
  fillWith(element, ...children);
  return element;
}

export function fillWith(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null && child !== false));
}

const SVG = "http://www.w3.org/2000/svg";

const SHAPES = {
  chat: "M4 5h16v11H9l-5 4z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-8-5 16-3-7z",
  attach: "M20 11l-8 8a5 5 0 01-7-7l8-8a3 3 0 014 4l-8 8a1 1 0 01-2-2l7-7",
  emoji: "M12 3a9 9 0 100 18 9 9 0 000-18zM8.5 10v.01M15.5 10v.01M8 14c1 2 7 2 8 0",
  phone: "M6 3h4l2 5-3 2a12 12 0 005 5l2-3 5 2v4a2 2 0 01-2 2A16 16 0 014 5a2 2 0 012-2z",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
};

export function icon(name: keyof typeof SHAPES): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon and says `label`. */
export function iconButton(name: keyof typeof SHAPES, label: string, press: () => void): HTMLButtonElement {
  return h(
    "button",
    { type: "button", className: "icon", title: label, ariaLabel: label, on: { click: press } },
    icon(name),
  );
}
