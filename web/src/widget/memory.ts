/** What the browser keeps of the visitor. Where it keeps nothing (private windows, blocked storage) the page
 * itself remembers, until it is left. */

import type { Message } from "./conversation";

/** `who`: whom the token belongs to by the site's word, "" for nobody. `at`: when last connected. */
interface Visitor {
  token: string;
  who: string;
  at: number;
}

const RESUMED_FOR_MS = 24 * 3600 * 1000;

export class Memory {
  private readonly kept = new Map<string, string>();

  constructor(
    endpoint: string,
    private readonly now: () => number = Date.now,
    private readonly lasting: Storage | null = storage("localStorage"),
    private readonly ofTab: Storage | null = storage("sessionStorage"),
  ) {
    this.prefix = `touchpoint.${endpoint}.`;
  }

  private readonly prefix: string;

  /** The visitor's token, if it is that of `who`. */
  token(who: string): string | null {
    const visitor = this.visitor();
    return visitor?.who === who ? visitor.token : null;
  }

  /** `who` is here now: everything of somebody else who was here before is forgotten. */
  turnTo(who: string): void {
    const visitor = this.visitor();
    if (visitor && visitor.who !== who) this.forget();
  }

  keep(token: string, who: string): void {
    this.write(this.lasting, "visitor", JSON.stringify({ token, who, at: this.now() } satisfies Visitor));
  }

  /** Whether they chatted lately, so that an answer may come while the window is closed. */
  isRecent(who: string): boolean {
    const visitor = this.visitor();
    return visitor?.who === who && this.now() - visitor.at < RESUMED_FOR_MS;
  }

  get seen(): string | null {
    return this.read(this.lasting, "seen");
  }

  set seen(touch: string | null) {
    if (touch) this.write(this.lasting, "seen", touch);
  }

  get isOpen(): boolean {
    return this.read(this.ofTab, "open") === "1";
  }

  set isOpen(open: boolean) {
    this.write(this.ofTab, "open", open ? "1" : "0");
  }

  get unsent(): Message[] {
    return parsed<Message[]>(this.read(this.ofTab, "unsent")) ?? [];
  }

  set unsent(messages: Message[]) {
    this.write(this.ofTab, "unsent", JSON.stringify(messages));
  }

  forget(): void {
    for (const name of ["visitor", "seen", "unsent"]) {
      this.kept.delete(name);
      for (const place of [this.lasting, this.ofTab]) place?.removeItem(this.prefix + name);
    }
  }

  /** `changed` is called when another tab of the visitor has learned something. */
  follow(changed: () => void): void {
    addEventListener("storage", (event) => {
      if (event.key?.startsWith(this.prefix)) changed();
    });
  }

  private visitor(): Visitor | null {
    return parsed<Visitor>(this.read(this.lasting, "visitor"));
  }

  private read(place: Storage | null, name: string): string | null {
    return place?.getItem(this.prefix + name) ?? this.kept.get(name) ?? null;
  }

  private write(place: Storage | null, name: string, value: string): void {
    try {
      if (place) return place.setItem(this.prefix + name, value);
    } catch {
      // full: the page remembers
    }
    this.kept.set(name, value);
  }
}

function parsed<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** Null where the browser refuses it. */
function storage(name: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return globalThis[name] ?? null;
  } catch {
    return null;
  }
}
