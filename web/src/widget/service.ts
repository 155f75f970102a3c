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
  async submit(form: string, values: Record<string, unknown>): Promise<string> {
    const body = JSON.stringify(values);
    if (body !== this.submitted.body) this.submitted = { body, key: newId() };
    const answer = await ask(`${this.base}/forms/${form}`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": this.submitted.key },
      body,
    });
    return ((await answer.json()) as { reference: string }).reference;
  }

  private files(token: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}` };
    return ask(`${this.base}/chat/${this.endpoint}/attachments${path}`, { ...init, headers });
  }
}

/** Raises Problem for anything but a success. Cookies of neither side travel. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, credentials: "omit" }).catch(() => {
    throw Problem.offline();
  });
  if (!answer.ok) throw Problem.of(answer.status, await answer.json().catch(() => null));
  return answer;
}
