/** The chat window: a dialog beside the page, or over all of it on a phone. */

import type { Attachment } from "../client/contract";
import type { Chat } from "./chat";
import { Composer } from "./composer";
import type { Button } from "./conversation";
import { fillWith, h, iconButton } from "./dom";
import { type Form, FormView } from "./form";
import { callMe, offline, preChat, type Ways } from "./forms";
import { Log } from "./log";
import type { Service, Settings } from "./service";
import { chosen, fill, type Texts } from "./texts";

const PHONE = "(max-width: 480px)";
const NOTICE_MS = 6000;

export class Panel {
  readonly element: HTMLDialogElement;
  private readonly status = h("div", { attr: { role: "status" } });
  private readonly page = h("div", { className: "page" });
  private readonly log: Log;
  private readonly composer: Composer;
  private readonly ways: Ways;
  private form: FormView | null = null;
  private notice: string | null = null;

  constructor(
    private readonly texts: Texts,
    private settings: Settings,
    service: Service,
    private readonly chat: Chat,
    language: string,
    close: () => void,
  ) {
    const greeting = chosen(settings.greeting, language) ?? texts.greeting;
    this.ways = { texts, settings, service, toChat: () => this.toChat() };
    const deeds = {
      download: (item: Attachment) => void this.save(item),
      again: chat.again.bind(chat),
      answer: ({ id, title }: Button) => this.answer(title, id),
    };
    this.log = new Log(texts, deeds, greeting);
    this.composer = new Composer(
      texts,
      {
        say: (text, attachments) => chat.write(text, attachments),
        types: () => chat.types(),
        upload: (file) => chat.upload(file),
        tell: (text) => this.tell(text),
      },
      settings.file_max_bytes,
    );
    this.element = this.dialog(chosen(settings.title, language) ?? texts.title, close);
    this.followKeyboard();
  }

  get isOpen(): boolean {
    return this.element.open;
  }

  /** On a phone the page behind is out of reach, beside it both can be used. Without `focus` the page keeps
   * it: `show()` would take it away. */
  open(focus: boolean): void {
    if (this.isOpen) return;
    if (matchMedia(PHONE).matches) this.element.showModal();
    else this.element.open = true;
    this.choose(focus);
  }

  close(): void {
    this.element.close();
  }

  /** The door may have opened or shut meanwhile. */
  renew(settings: Settings): void {
    const moved = settings.open !== this.settings.open;
    Object.assign(this.settings, settings);
    if (moved && this.isOpen && !this.form?.isFilled) this.choose(true);
  }

  show(): void {
    const { state } = this.chat;
    this.log.show(state.messages);
    const [text, bad] = this.standing();
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.className = bad ? "bad" : "";
  }

  private dialog(title: string, close: () => void): HTMLDialogElement {
    const { texts, settings } = this;
    const heading = h("h2", { id: "title" }, title);
    const call = settings.callback_form_id && iconButton("phone", texts.callMe, () => this.toCall());
    const header = h("header", {}, heading, call || null, iconButton("close", texts.close, close));
    const on = {
      keydown: (event: KeyboardEvent) => event.key === "Escape" && close(),
      cancel: (event: Event) => {
        event.preventDefault();
        close();
      },
    };
    const attr = { "aria-labelledby": "title", lang: texts.lang };
    return h("dialog", { className: "panel", attr, on }, header, this.status, this.page);
  }

  /** The chat, or the form that goes before it. */
  private choose(focus: boolean): void {
    const { settings, chat } = this;
    const talking = chat.state.messages.length > 0 || chat.isKnown;
    if (!settings.open && settings.offline_form_id && chat.state.phase !== "answered" && !talking) {
      this.toForm(offline(this.ways, settings.offline_form_id, false), focus);
    } else if (settings.pre_chat.length > 0 && !talking && !chat.isSignedIn) {
      this.toForm(
        preChat(this.ways, (answers) => this.start(answers)),
        focus,
      );
    } else {
      this.toChat(focus);
    }
  }

  private start({ name, email, question }: { name?: string; email?: string; question?: string }): void {
    this.chat.name = name;
    this.chat.email = email;
    this.toChat();
    if (question) this.chat.write(question, []);
  }

  private toChat(focus = true): void {
    const { settings, texts } = this;
    this.form = null;
    const form = settings.open ? null : settings.offline_form_id;
    const click = () => this.toForm(offline(this.ways, form!, true));
    const leave = h("button", { type: "button", className: "text", on: { click } }, texts.leaveMessage);
    const hint = form === null ? null : h("div", { className: "hint" }, leave);
    fillWith(this.page, this.log.element, hint, this.composer.element);
    this.chat.connect();
    this.show();
    this.log.toEnd();
    if (focus) this.composer.focus();
  }

  /** The button is gone with the answer: the focus goes where one writes on. */
  private answer(text: string, id: string): void {
    this.chat.write(text, [], id);
    this.composer.focus();
  }

  private toCall(): void {
    this.toForm(callMe(this.ways, this.settings.callback_form_id!));
  }

  private toForm(form: Form, focus = true): void {
    this.form = new FormView(this.texts, form);
    fillWith(this.page, this.form.element);
    if (focus) this.form.focus();
  }

  /** The line under the title, and whether it is bad news. */
  private standing(): [string, boolean] {
    const { texts } = this;
    const { link, refusal, phase, place, typing } = this.chat.state;
    if (this.notice !== null) return [this.notice, true];
    if (link === "refused") return [this.refusal(refusal), true];
    if (link === "lost") return [texts.lost, true];
    if (link === "connecting" && !this.chat.isKnown) return [texts.connecting, false];
    if (typing) return [texts.typing, false];
    if (place) return [this.place(place.position, place.waitSeconds), false];
    if (phase === "ended") return [texts.ended, false];
    if (!this.settings.open && phase === "none") return [this.settings.closed_text ?? texts.offline, false];
    return [phase === "answered" ? texts.answered : "", false];
  }

  private refusal(reason: string | null): string {
    if (reason === "identity-expired") return this.texts.signInExpired;
    return reason === "identity-invalid" ? this.texts.signInWrong : this.texts.refused;
  }

  private place(position: number, seconds: number | null): string {
    const { texts } = this;
    if (seconds === null) return fill(texts.place, { position });
    if (seconds < 60) return fill(texts.placeSoon, { position });
    return fill(texts.placeAndWait, { position, minutes: Math.ceil(seconds / 60) });
  }

  private tell(text: string): void {
    this.notice = text;
    this.show();
    setTimeout(() => {
      this.notice = null;
      this.show();
    }, NOTICE_MS);
  }

  private async save(attachment: Attachment): Promise<void> {
    try {
      const href = URL.createObjectURL(await this.chat.download(attachment));
      h("a", { href, download: attachment.name }).click();
      setTimeout(() => URL.revokeObjectURL(href), NOTICE_MS);
    } catch {
      this.tell(fill(this.texts.fileFailed, { name: attachment.name }));
    }
  }

  /** A phone's keyboard covers the page's lower part: the window ends above it. */
  private followKeyboard(): void {
    const view = globalThis.visualViewport;
    const fit = () => {
      this.element.style.setProperty("--height", `${view!.height}px`);
      this.element.style.setProperty("--top", `${view!.offsetTop}px`);
      if (this.isOpen) this.log.toEnd();
    };
    view?.addEventListener("resize", fit);
  }
}
