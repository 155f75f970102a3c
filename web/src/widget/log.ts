/** What was said, oldest first. Bubbles stay the same elements, so that a screen reader reads only news. */

import type { Attachment } from "../client/contract";
import type { Button, Message } from "./conversation";
import { fillWith, h, icon } from "./dom";
import { cutLinks } from "./links";
import { fill, type Texts } from "./texts";

const NEAR_THE_END_PX = 80;
const QUOTE_CHARACTERS = 160;

export interface Deeds {
  download: (attachment: Attachment) => void;
  again: (message: Message) => void;
  answer: (button: Button) => void;
}

export class Log {
  readonly element: HTMLDivElement;
  private readonly bubbles = new Map<string, { message: Message; element: HTMLElement }>();
  private offered: { buttons: Button[]; element: HTMLElement | null } = { buttons: [], element: null };

  constructor(
    private readonly texts: Texts,
    private readonly deeds: Deeds,
    private readonly greeting: string,
  ) {
    const attr = { role: "log", "aria-live": "polite" };
    this.element = h("div", { className: "log", tabIndex: 0, ariaLabel: texts.log, attr });
  }

  show(messages: Message[]): void {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const follows = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
    const last = messages.at(-1);
    const answers = last && !last.mine ? this.answers(last.buttons ?? []) : null;
    const wanted = [this.hello(), ...messages.map((message) => this.bubble(message, messages)), answers].filter(
      (element) => element !== null,
    );
    const gone = [...this.element.children].filter((child) => !wanted.includes(child as HTMLElement));
    for (const child of gone) child.remove();
    wanted.forEach((element, at) => {
      const here = this.element.children[at];
      if (here !== element) this.element.insertBefore(element, here ?? null);
    });
    if (follows || last?.state === "sending") this.toEnd();
  }

  toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
  }

  private hello(): HTMLElement {
    const message: Message = {
      id: "greeting",
      clientId: null,
      mine: false,
      text: this.greeting,
      at: "",
      author: null,
      attachments: [],
      state: "sent",
    };
    return this.bubble(message, []);
  }

  /** What may be tapped instead of written, until something is said. */
  private answers(buttons: Button[]): HTMLElement | null {
    if (buttons.length === 0) return null;
    if (this.offered.buttons === buttons) return this.offered.element;
    const taps = buttons.map((button) =>
      h("button", { type: "button", on: { click: () => this.deeds.answer(button) } }, button.title),
    );
    const element = h("div", { className: "answers", ariaLabel: this.texts.answers, attr: { role: "group" } }, ...taps);
    this.offered = { buttons, element };
    return element;
  }

  /** Drawn anew only when something about it has changed. */
  private bubble(message: Message, all: Message[]): HTMLElement {
    const key = message.clientId ?? message.id;
    const known = this.bubbles.get(key);
    if (known && (known.message === message || key === "greeting")) return known.element;
    const element = known?.element ?? h("div");
    element.className = message.mine ? "bubble mine" : "bubble";
    const quoted = all.find(({ id }) => id === message.quotes);
    fillWith(element, this.quote(quoted), this.words(message), ...this.files(message), this.facts(message));
    this.bubbles.set(key, { message, element });
    return element;
  }

  private quote(quoted: Message | undefined): HTMLElement | null {
    if (!quoted) return null;
    const words = quoted.text || quoted.attachments.map(({ name }) => name).join(", ");
    return h("blockquote", { dir: "auto" }, words.slice(0, QUOTE_CHARACTERS));
  }

  private words(message: Message): HTMLElement | null {
    if (message.text === "") return null;
    const parts = cutLinks(message.text).map(({ text, href }) =>
      href === null ? text : h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text),
    );
    return h("div", { className: "words", dir: "auto" }, ...parts);
  }

  private files(message: Message): HTMLElement[] {
    return message.attachments.map((attachment) => {
      const label = fill(this.texts.download, { name: attachment.name });
      const on = { click: () => this.deeds.download(attachment) };
      const file = { type: "button" as const, className: "file", ariaLabel: label, on };
      return h("button", file, icon("file"), attachment.name);
    });
  }

  private facts(message: Message): HTMLElement | null {
    if (message.at === "") return null;
    if (message.state === "refused") return this.refusal(message);
    const time = new Date(message.at).toLocaleTimeString(this.texts.lang, { timeStyle: "short" });
    const who = message.mine ? this.texts.you : (message.author ?? this.texts.us);
    const what = message.state === "sending" ? this.texts.sending : time;
    const read = message.mine && message.read ? ` · ${this.texts.read}` : "";
    return h("div", { className: "facts" }, `${who} · ${what}${read}`);
  }

  private refusal(message: Message): HTMLElement {
    const reason = this.texts.reason[message.reason ?? ""] ?? "";
    const on = { click: () => this.deeds.again(message) };
    return h(
      "div",
      { className: "facts bad" },
      `${fill(this.texts.notSent, { reason })} `,
      h("button", { type: "button", on }, this.texts.again),
    );
  }
}
