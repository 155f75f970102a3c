/** The whole widget on one page: a button, and the window that it opens. */

import { Chat } from "./chat";
import { textOn } from "./colour";
import { h, icon } from "./dom";
import type { Identity } from "./identity";
import { Memory } from "./memory";
import { Panel } from "./panel";
import type { Service, Settings } from "./service";
import { STYLES } from "./styles";
import { fill, type Texts, textsIn } from "./texts";

export interface Wish {
  endpoint: string;
  language: string;
  identity: Identity | null;
}

export class Widget {
  private readonly texts: Texts;
  private readonly memory: Memory;
  private readonly chat: Chat;
  private readonly panel: Panel;
  private readonly badge = h("span", { className: "badge", hidden: true, ariaHidden: "true" });
  private readonly launcher: HTMLButtonElement;

  constructor(
    private readonly service: Service,
    settings: Settings,
    wish: Wish,
  ) {
    this.texts = textsIn(wish.language);
    this.memory = new Memory(wish.endpoint);
    this.chat = new Chat(service, this.memory, wish.identity, () => this.show());
    this.panel = new Panel(this.texts, settings, service, this.chat, wish.language, () => this.close());
    this.launcher = this.button();
    document.body.append(this.host(settings));
    document.addEventListener("visibilitychange", () => this.show());
    this.resume();
  }

  open(): void {
    this.opened(true);
    void this.service.settings(true).then(
      (settings) => this.panel.renew(settings),
      () => undefined, // the connection's own line says so
    );
  }

  close(): void {
    this.panel.close();
    this.memory.isOpen = false;
    this.show();
    this.launcher.focus();
  }

  /** Somebody has signed in on the page without a reload; null: signed out. */
  identify(identity: Identity | null): void {
    this.chat.identify(identity);
    if (this.panel.isOpen) this.open();
  }

  /** As it was on the page before. */
  private resume(): void {
    if (this.memory.isOpen) this.opened(false);
    else if (this.chat.isRecent) this.chat.connect();
    this.show();
  }

  private opened(focus: boolean): void {
    this.panel.open(focus);
    this.memory.isOpen = true;
    this.show();
  }

  private show(): void {
    if (!this.panel) return;
    this.panel.show();
    if (this.panel.isOpen && document.visibilityState === "visible") this.chat.seen();
    const { unread } = this.chat;
    const { texts, launcher, badge } = this;
    const label = this.panel.isOpen ? texts.close : texts.open;
    launcher.ariaLabel = unread > 0 ? `${label}, ${fill(texts.unread, { n: unread })}` : label;
    launcher.ariaExpanded = String(this.panel.isOpen);
    badge.hidden = unread === 0;
    badge.textContent = String(unread);
  }

  private button(): HTMLButtonElement {
    const click = () => (this.panel.isOpen ? this.close() : this.open());
    const attr = { type: "button", "aria-haspopup": "dialog" };
    return h("button", { className: "launcher", attr, on: { click } }, icon("chat"), this.badge);
  }

  private host(settings: Settings): HTMLElement {
    const host = document.createElement("touchpoint-chat");
    host.style.setProperty("--colour", settings.color);
    host.style.setProperty("--on", textOn(settings.color));
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    root.adoptedStyleSheets = [sheet];
    const dir = getComputedStyle(document.documentElement).direction;
    const attr = { lang: this.texts.lang, dir };
    root.append(h("div", { className: settings.position, attr }, this.panel.element, this.launcher));
    return host;
  }
}
