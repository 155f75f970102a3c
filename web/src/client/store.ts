import { apply, nothing, type Work, type WorkEvent } from "./work";

/** Holds the desktop's state and tells React when it changed. */
export class WorkStore {
  private work: Work = nothing;
  private listeners = new Set<() => void>();

  get = (): Work => this.work;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  dispatch(event: WorkEvent): void {
    const next = apply(this.work, event);
    if (next === this.work) return;
    this.work = next;
    for (const listener of this.listeners) listener();
  }
}
