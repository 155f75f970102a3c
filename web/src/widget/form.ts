/** A small form in the panel: before a chat, instead of one, or for a call. */

import { Problem } from "../client/problem";
import { h } from "./dom";
import { fill, type Texts } from "./texts";

export interface Field {
  name: string;
  label: string;
  type: "text" | "email" | "tel" | "datetime-local" | "textarea" | "file";
  required: boolean;
  autocomplete?: AutoFill;
  value?: string;
  /** Of each file. */
  maxBytes?: number;
}

export interface Form {
  title: string;
  intro: string;
  fields: Field[];
  button: string;
  /** Resolves to what is said instead of the form, or null if the panel turns to something else. */
  submit: (values: Record<string, string>, files: File[]) => Promise<string | null>;
  back?: { label: string; press: () => void };
}

type Input = HTMLInputElement | HTMLTextAreaElement;

const FILES_MAX = 10;

function filesOf(input: Input): File[] {
  return [...((input as HTMLInputElement).files ?? [])];
}

export class FormView {
  readonly element: HTMLElement;
  private readonly inputs = new Map<string, { input: Input; wrong: HTMLElement }>();
  private readonly general = h("p", { className: "wrong", attr: { role: "alert" } });
  private readonly button: HTMLButtonElement;

  constructor(
    private readonly texts: Texts,
    private readonly form: Form,
  ) {
    this.button = h("button", { type: "submit", className: "submit" }, form.button);
    const on = { submit: (event: Event) => void this.submit(event) };
    this.element = h(
      "form",
      { className: "form", noValidate: true, on },
      h("h3", { tabIndex: -1 }, form.title),
      h("p", {}, form.intro),
      ...form.fields.map((field) => this.field(field)),
      this.general,
      this.button,
      this.back(),
    );
  }

  focus(): void {
    this.element.querySelector<HTMLElement>("input, textarea, h3")?.focus();
  }

  /** Whether something would be lost with it. */
  get isFilled(): boolean {
    return Object.keys(this.values()).length + this.files().length > 0;
  }

  private back(): HTMLElement | null {
    const { back } = this.form;
    if (!back) return null;
    return h("button", { type: "button", className: "text", on: { click: back.press } }, back.label);
  }

  private field(field: Field): HTMLElement {
    const { name, label, type, required, autocomplete, value } = field;
    const shared = { name, required, value: value ?? "", autocomplete: autocomplete ?? "off" } as const;
    const multiple = type === "file";
    const input =
      type === "textarea" ? h("textarea", { ...shared, rows: 3 }) : h("input", { ...shared, type, multiple });
    const wrong = h("span", { className: "wrong", id: `wrong-${name}` });
    input.setAttribute("aria-describedby", wrong.id);
    this.inputs.set(name, { input, wrong });
    return h("label", {}, label, input, wrong);
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (!this.check()) return;
    this.button.disabled = true;
    try {
      const said = await this.form.submit(this.values(), this.files());
      if (said !== null) this.thank(said);
    } catch (error) {
      this.explain(error);
    } finally {
      this.button.disabled = false;
    }
  }

  private values(): Record<string, string> {
    const texts = [...this.inputs].filter(([, { input }]) => input.type !== "file");
    const filled = texts.map(([name, { input }]) => [name, input.value.trim()] as const);
    return Object.fromEntries(filled.filter(([, value]) => value !== ""));
  }

  private files(): File[] {
    return [...this.inputs.values()].flatMap(({ input }) => filesOf(input));
  }

  /** Whether the browser is content with all; the first that is wrong has the focus. */
  private check(): boolean {
    let first: Input | null = null;
    for (const [name, { input }] of this.inputs) {
      if (input.type === "file") input.setCustomValidity(this.filesReproach(name, input));
      else input.value = input.value.trim();
      this.mark(name, input.checkValidity() ? "" : this.reproach(name, input));
      if (!input.checkValidity()) first ??= input;
    }
    first?.focus();
    return first === null;
  }

  private filesReproach(name: string, input: Input): string {
    const files = filesOf(input);
    const most = this.form.fields.find((field) => field.name === name)?.maxBytes ?? Infinity;
    const large = files.find(({ size }) => size > most);
    if (large) return fill(this.texts.tooLarge, { name: large.name, megabytes: Math.floor(most / 1024 ** 2) });
    return files.length > FILES_MAX ? fill(this.texts.tooMany, { n: FILES_MAX }) : "";
  }

  private reproach(name: string, input: Input): string {
    if (input.validity.customError) return input.validationMessage;
    if (input.validity.valueMissing) return this.texts.required;
    return name === "email" ? this.texts.wrongEmail : this.texts.wrongTime;
  }

  private mark(name: string, reproach: string): void {
    const { input, wrong } = this.inputs.get(name)!;
    wrong.textContent = reproach;
    input.ariaInvalid = String(reproach !== "");
  }

  /** The server names the field by its JSON pointer. */
  private explain(error: unknown): void {
    const errors = error instanceof Problem ? error.members.errors : undefined;
    const pointer = String((errors as { pointer?: string }[] | undefined)?.[0]?.pointer ?? "").slice(1);
    const said: Record<string, string> = {
      email: this.texts.wrongEmail,
      phone: this.texts.wrongPhone,
      call_at: this.texts.wrongTime,
    };
    const known = this.inputs.get(pointer);
    this.general.textContent = known ? "" : this.texts.failed;
    if (!known) return;
    this.mark(pointer, said[pointer] ?? this.texts.required);
    known.input.focus();
  }

  private thank(reference: string): void {
    const words = h("p", { tabIndex: -1, attr: { role: "status" } }, fill(this.texts.sent, { reference }));
    this.element.replaceChildren(words, this.back() ?? "");
    words.focus();
  }
}
