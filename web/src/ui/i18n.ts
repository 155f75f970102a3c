import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./locales/en";
import { zhCN } from "./locales/zh-CN";

export const LANGUAGES = ["en", "zh-CN"] as const;
const STORED = "touchpoint.language";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

function preferred(): string {
  const wanted = localStorage.getItem(STORED) ?? navigator.language;
  return wanted.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

void i18next.use(initReactI18next).init({
  lng: preferred(),
  fallbackLng: "en",
  resources: { en: { translation: en }, "zh-CN": { translation: zhCN } },
  interpolation: { escapeValue: false },
  initAsync: false,
});
document.documentElement.lang = i18next.language;

export function changeLanguage(language: string): void {
  localStorage.setItem(STORED, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/** The text for a code that the server sent: a known word, or the code itself. */
export function word(
  group: string,
  code: string | null | undefined,
  facts: Record<string, unknown> = {},
): string {
  if (!code) return "";
  const find = i18next.t as (key: string, options: Record<string, unknown>) => string;
  return find(`${group}.${code}`, { defaultValue: code, ...facts });
}

export { i18next };
