/**
 * `<script src="https://…/widget.js" data-endpoint="…">`: puts the chat on the page, when it can be reached.
 *
 * `window.touchpoint` has `open()`, `close()` and `identify(identity)` for pages that want to.
 */

import { Problem } from "../client/problem";
import { backoffMs } from "./backoff";
import type { Identity } from "./identity";
import { Service, type Settings } from "./service";
import { Widget, type Wish } from "./widget";

declare global {
  interface Window {
    touchpoint?: Pick<Widget, "open" | "close" | "identify">;
  }
}

function identityOf({ identity, userId, userSignature }: DOMStringMap): Identity | null {
  if (identity) return identity;
  return userId && userSignature ? { external_id: userId, signature: userSignature } : null;
}

function languageOf(data: DOMStringMap): string {
  return data.lang || document.documentElement.lang || navigator.language;
}

/** While the service is away the page has no chat; whoever is refused by it never will. */
async function patiently(service: Service, failures = 0): Promise<Settings> {
  try {
    return await service.settings(false);
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) throw error;
    await new Promise((resolve) => setTimeout(resolve, backoffMs(failures, Math.random())));
    return patiently(service, failures + 1);
  }
}

function body(): Promise<void> {
  if (document.body) return Promise.resolve();
  return new Promise((resolve) => addEventListener("DOMContentLoaded", () => resolve()));
}

async function start({ src, dataset }: HTMLScriptElement): Promise<void> {
  const endpoint = dataset.endpoint ?? "";
  const service = new Service(new URL(src).origin, endpoint);
  let identity = identityOf(dataset);
  window.touchpoint = {
    open: () => undefined,
    close: () => undefined,
    identify: (now) => (identity = now),
  };
  try {
    const [settings] = await Promise.all([patiently(service), body()]);
    const wish: Wish = { endpoint, language: languageOf(dataset), identity };
    window.touchpoint = new Widget(service, settings, wish);
  } catch (error) {
    console.warn(`touchpoint: no chat for endpoint "${endpoint}" on this page:`, String(error));
  }
}

if (document.currentScript instanceof HTMLScriptElement) void start(document.currentScript);
