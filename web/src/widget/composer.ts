/** Where the visitor writes: text, emoji and files. */

import type { Attachment } from "../client/contract";
import { fillWith, h, icon, iconButton } from "./dom";
import { fill, type Texts } from "./texts";

const EMOJI = [..."😀😄😂🙂😉😍🤔😅😢😭😡😱👍👎🙏👏💪👌✅❌❤🎉🌹☕⏰📦📷📞🚚💰🔧❓"];
const FILES_MAX = 10;

export interface Mouth {
  say: (text: string, attachments: Attachment[]) => void;
  types: () => void;
  upload: (file: File) => Promise<Attachment>;
  tell: (text: string) => void;
}

interface Pill {
  name: string;
  attachment: Attachment | null;
}

export class Composer {
  readonly element: HTMLFormElement;
  private readonly area: HTMLTextAreaElement;
  private readonly emojis: HTMLDivElement;
  private readonly emojiButton: HTMLButtonElement;
  private readonly pillBox = h("div", { className: "pills" });
  private readonly sendButton: HTMLButtonElement;
  private pills: Pill[] = [];

  constructor(
    private readonly texts: Texts,
    private readonly mouth: Mouth,
    private readonly fileMaxBytes: number,
  ) {
    this.area = this.writingArea();
    this.emojis = this.emojiGrid();
    this.emojiButton = iconButton("emoji", texts.emoji, () => this.toggleEmojis());
    this.emojiButton.ariaExpanded = "false";
    const send = { type: "submit" as const, className: "icon send", ariaLabel: texts.send };
    this.sendButton = h("button", send, icon("send"));
    const input = this.fileInput();
    const attach = iconButton("attach", texts.attach, () => input.click());
    const row = h("div", { className: "row" }, input, attach, this.emojiButton, this.area, this.sendButton);
    const on = { submit: (event: Event) => this.submit(event) };
    this.element = h("form", { className: "composer", on }, this.pillBox, this.emojis, row);
    this.update();
  }

  focus(): void {
    this.area.focus();
  }

  private writingArea(): HTMLTextAreaElement {
    return h("textarea", {
      rows: 1,
      maxLength: 10_000,
      ariaLabel: this.texts.message,
      placeholder: this.texts.message,
      on: {
        input: () => this.typed(),
        keydown: (event) => this.key(event),
        paste: (event) => this.take(event.clipboardData?.files),
      },
    });
  }

  private fileInput(): HTMLInputElement {
    const input = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      on: {
        change: () => {
          this.take(input.files);
          input.value = "";
        },
      },
    });
    return input;
  }

  private emojiGrid(): HTMLDivElement {
    const buttons = EMOJI.map((emoji) =>
      h("button", { type: "button", on: { click: () => this.insert(emoji) } }, emoji),
    );
    const attr = { role: "group" };
    return h("div", { className: "emojis", hidden: true, ariaLabel: this.texts.emoji, attr }, ...buttons);
  }

  private toggleEmojis(open = this.emojis.hidden): void {
    this.emojis.hidden = !open;
    this.emojiButton.ariaExpanded = String(open);
    if (open) this.emojis.querySelector("button")?.focus();
  }

  private insert(emoji: string): void {
    this.area.setRangeText(emoji, this.area.selectionStart, this.area.selectionEnd, "end");
    this.toggleEmojis(false);
    this.area.focus();
    this.typed();
  }

  private typed(): void {
    this.mouth.types();
    this.update();
  }

  /** Enter sends, unless a word is still being composed (Chinese, Japanese). */
  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.submit(event);
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (!this.isReady) return;
    const attachments = this.pills.flatMap(({ attachment }) => attachment ?? []);
    this.mouth.say(this.area.value.trim(), attachments);
    this.area.value = "";
    this.pills = [];
    this.update();
    this.area.focus();
  }

  private take(files: FileList | null | undefined): void {
    for (const file of [...(files ?? [])].slice(0, FILES_MAX - this.pills.length)) void this.upload(file);
  }

  private async upload(file: File): Promise<void> {
    const { name, size } = file;
    if (size > this.fileMaxBytes) {
      const megabytes = Math.floor(this.fileMaxBytes / 1024 ** 2);
      return this.mouth.tell(fill(this.texts.tooLarge, { name, megabytes }));
    }
    const pill: Pill = { name, attachment: null };
    this.pills.push(pill);
    this.update();
    try {
      pill.attachment = await this.mouth.upload(file);
    } catch {
      this.drop(pill);
      this.mouth.tell(fill(this.texts.fileFailed, { name }));
    }
    this.update();
  }

  private drop(pill: Pill): void {
    this.pills = this.pills.filter((one) => one !== pill);
    this.update();
  }

  private get isReady(): boolean {
    const complete = this.pills.every(({ attachment }) => attachment !== null);
    return complete && (this.area.value.trim() !== "" || this.pills.length > 0);
  }

  private update(): void {
    this.sendButton.disabled = !this.isReady;
    fillWith(this.pillBox, ...this.pills.map((pill) => this.pillView(pill)));
  }

  private pillView(pill: Pill): HTMLElement {
    const { name, attachment } = pill;
    if (!attachment) return h("span", { className: "file" }, fill(this.texts.uploading, { name }));
    const remove = iconButton("close", fill(this.texts.remove, { name }), () => this.drop(pill));
    return h("span", { className: "file" }, name, remove);
  }
}
