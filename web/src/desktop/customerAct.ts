import type { Touch } from "../client/contract";
import { word } from "../ui/i18n";

/** What a customer did besides writing (a menu click, a follow), in words; empty for every other touch. */
export function customerAct({ payload }: Touch): string {
  if (payload.type !== "event" || typeof payload.event !== "string") return "";
  const about = [payload.key, payload.scanned, payload.scene].filter((fact) => typeof fact === "string");
  return [word("act", payload.event), ...about].join(" · ");
}
