import type { Id } from "../client/contract";

const SHOWN_MS = 5000;

/** In which conversations the customer has typed a moment ago. */
export class Typists {
  private ids: ReadonlySet<Id> = new Set();
  private readonly timers = new Map<Id, ReturnType<typeof setTimeout>>();
  private readonly listeners = new Set<() => void>();

  get = (): ReadonlySet<Id> => this.ids;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  heard(id: Id): void {
    clearTimeout(this.timers.get(id));
    this.timers.set(
      id,
      setTimeout(() => this.over(id), SHOWN_MS),
    );
    this.set(new Set([...this.ids, id]));
  }

  over(id: Id): void {
    if (this.ids.has(id)) this.set(new Set([...this.ids].filter((other) => other !== id)));
  }

  private set(ids: ReadonlySet<Id>): void {
    this.ids = ids;
    for (const listener of this.listeners) listener();
  }
}
