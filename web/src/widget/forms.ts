/** The widget's three forms. */

import type { Field, Form } from "./form";
import type { Question, Service, Settings } from "./service";
import type { Texts } from "./texts";

export interface Ways {
  texts: Texts;
  settings: Settings;
  service: Service;
  /** To the chat. */
  toChat: () => void;
}

function field(texts: Texts, name: "name" | "email" | "phone" | "question", required: boolean): Field {
  const shapes = {
    name: { type: "text", autocomplete: "name" },
    email: { type: "email", autocomplete: "email" },
    phone: { type: "tel", autocomplete: "tel" },
    question: { type: "textarea" },
  } as const;
  return { name, label: texts[name], required, ...shapes[name] };
}

/** What is asked first; `start` begins the chat with it. */
export function preChat(ways: Ways, start: (answers: Partial<Record<Question, string>>) => void): Form {
  const { texts, settings } = ways;
  return {
    title: texts.start,
    intro: texts.startIntro,
    fields: settings.pre_chat.map((name) => field(texts, name, true)),
    button: texts.start,
    submit: (answers) => {
      start(answers);
      return Promise.resolve(null);
    },
  };
}

/** While nobody would answer. */
export function offline(ways: Ways, form: string, known: boolean): Form {
  const { texts, settings, service } = ways;
  return {
    title: texts.offline,
    intro: settings.closed_text ?? texts.offlineIntro,
    fields: [
      field(texts, "name", false),
      field(texts, "email", true),
      field(texts, "question", true),
      { name: "files", label: texts.files, type: "file", required: false, maxBytes: settings.file_max_bytes },
    ],
    button: texts.leaveMessage,
    submit: ({ question, ...who }, files) => {
      const inputs = { ...who, subject: firstWords(question!), text: question };
      return service.submit(form, { inputs, fields: page() }, files);
    },
    back: known ? { label: texts.back, press: ways.toChat } : undefined,
  };
}

export function callMe(ways: Ways, form: string): Form {
  const { texts, service } = ways;
  return {
    title: texts.callMe,
    intro: texts.callIntro,
    fields: [
      field(texts, "name", false),
      field(texts, "phone", true),
      { name: "call_at", label: texts.at, type: "datetime-local", required: false },
      { ...field(texts, "question", false), label: texts.about },
    ],
    button: texts.callMe,
    submit: ({ question, call_at, ...who }) =>
      service.submit(form, { inputs: { ...who, text: question, call_at: moment(call_at) }, fields: page() }),
    back: { label: texts.back, press: ways.toChat },
  };
}

const SUBJECT_CHARACTERS = 80;

export function firstWords(text: string): string {
  const line = text.split("\n", 1)[0]!;
  return line.length <= SUBJECT_CHARACTERS ? line : `${line.slice(0, SUBJECT_CHARACTERS - 1)}…`;
}

/** The visitor's wall clock as an instant. */
function moment(local: string | undefined): string | undefined {
  return local === undefined ? undefined : new Date(local).toISOString();
}

function page(): { page: string } {
  return { page: location.origin + location.pathname };
}
