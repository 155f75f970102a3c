import { notifications } from "@mantine/notifications";
import { Problem } from "../client/problem";
import { i18next, word } from "./i18n";

const TEXTS: Record<
  string,
  | "offline"
  | "unavailable"
  | "notFound"
  | "forbidden"
  | "tooMany"
  | "tooLarge"
  | "illegalTransition"
  | "noCallControl"
  | "nobodyFree"
  | "noRoom"
  | "replyWindowClosed"
> = {
  offline: "offline",
  unavailable: "unavailable",
  "not-found": "notFound",
  forbidden: "forbidden",
  "too-many-requests": "tooMany",
  "too-large": "tooLarge",
  "illegal-transition": "illegalTransition",
  "no-call-control": "noCallControl",
  "nobody-free": "nobodyFree",
  "no-room": "noRoom",
  "reply-window-closed": "replyWindowClosed",
};

/** What happened and what to do, in the reader's language. */
export function explain(error: unknown): string {
  const t = i18next.t;
  if (!(error instanceof Problem))
    return t("error.other", { detail: error instanceof Error ? error.message : String(error) });
  if (error.slug === "offer-gone") return word("offer.lost", String(error.members.cause ?? "closed"));
  if (error.slug === "contact-blocked") return t("error.contactBlocked", { reason: error.detail });
  const known = TEXTS[error.slug];
  return known ? t(`error.${known}`) : t("error.other", { detail: error.detail });
}

export function report(error: unknown): void {
  notifications.show({
    color: "red",
    title: i18next.t("error.title"),
    message: explain(error),
    autoClose: 8000,
  });
}

export function tell(message: string): void {
  notifications.show({ message, autoClose: 3000, color: "teal" });
}
