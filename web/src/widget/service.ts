/** What the widget asks of the service besides the chat itself. */

import type { Attachment } from "../client/contract";
import { newId } from "../client/ids";
import { Problem } from "../client/problem";

export type Question = "name" | "email" | "question";

export interface Settings {
  color: string;
  position: "right" | "left";
  title: Record<string, string>;
  greeting: Record<string, string>;
  pre_chat: Question[];
  open: boolean;
  closed_text: string | null;
  offline_form_id: string | null;
  callback_form_id: string | null;
  file_max_bytes: number;
}

/** A form's inputs, and those that the service has no name for. */
export interface Values {
  inputs: Record<string, string | undefined>;
  fields: Record<string, string>;
}

export class Service {
  private submitted = { body: "", key: "" };

  constructor(
    /** Where this script came from. */
    private readonly base: string,
    private readonly endpoint: string,
  ) {}

  get chatUrl(): string {
    return `${this.base.replace(/^http/, "ws")}/chat/${this.endpoint}`;
  }

  /** `fresh`: whether somebody would answer is asked anew. */
  async settings(fresh: boolean): Promise<Settings> {
    const url = `${this.base}/chat/${this.endpoint}/settings`;
    return (await ask(url, { cache: fresh ? "no-cache" : "default" })).json() as Promise<Settings>;
  }

  async upload(token: string, file: File): Promise<Attachment> {
    const body = new FormData();
    body.append("file", file);
    return (await this.files(token, "", { method: "POST", body })).json() as Promise<Attachment>;
  }

  async download(token: string, attachment: Attachment): Promise<Blob> {
    return (await this.files(token, `/${attachment.id}`)).blob();
  }

  /** The reference that the visitor is given. The same again, after a lost answer, is one request. */
  async submit(form: string, values: Values, files: File[] = []): Promise<string> {
    const body = JSON.stringify([values, files.map(({ name, size, lastModified }) => [name, size, lastModified])]);
    if (body !== this.submitted.body) this.submitted = { body, key: newId() };
    const headers = { "idempotency-key": this.submitted.key };
    const answer = await ask(`${this.base}/forms/${form}`, {
      method: "POST",
      ...(files.length > 0
        ? { headers, body: multipart(values, files) }
        : { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify({ ...values.inputs, fields: values.fields }) }),
    });
    return ((await answer.json()) as { reference: string }).reference;
  }

  private files(token: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}` };
    return ask(`${this.base}/chat/${this.endpoint}/attachments${path}`, { ...init, headers });
  }
}

/** The service takes inputs that it does not know for `fields`. */
function multipart({ inputs, fields }: Values, files: File[]): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...inputs, ...fields })) if (value) form.append(name, value);
  for (const file of files) form.append("files", file);
  return form;
}

/** Raises Problem for anything but a success. Cookies of neither side travel. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, credentials: "omit" }).catch(() => {
    throw Problem.offline();
  });
  if (!answer.ok) throw Problem.of(answer.status, await answer.json().catch(() => null));
  return answer;
}
