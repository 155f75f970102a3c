import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "../../generated/schema";
import type { Attachment } from "./contract";
import { once } from "./once";
import { Problem } from "./problem";
import { session } from "./session";

const authorise: Middleware = {
  onRequest({ request }) {
    if (session.token) request.headers.set("authorization", `Bearer ${session.token}`);
    return request;
  },
};

/** Sends once more after a refresh when the token has run out. */
async function persistentFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await reach(request);
  if (response.status !== 401 || !(await session.refresh())) return response;
  again.headers.set("authorization", `Bearer ${session.token}`);
  return reach(again);
}

async function reach(request: Request): Promise<Response> {
  return fetch(request).catch(() => {
    throw Problem.offline();
  });
}

export const api = createClient<paths>({ fetch: once(persistentFetch) });
api.use(authorise);

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer of a route whose document says no more than that it is an object. */
export async function told<T>(call: Promise<Outcome<unknown>>): Promise<T> {
  return (await content(call)) as T;
}

/** The answer's content; throws a Problem for anything but a success. */
export async function content<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw Problem.of(response.status, error);
  return data as T;
}

export async function upload(file: File): Promise<Attachment> {
  const body = new FormData();
  body.append("file", file);
  return fetchPath<Attachment>("/v1/attachments", { method: "POST", body });
}

/** Attachments need the bearer token, which a plain link could not carry. */
export async function download(attachment: Attachment): Promise<Blob> {
  const response = await persistentFetch(authorised(`/v1/attachments/${attachment.id}`));
  if (!response.ok) throw Problem.of(response.status, await response.json().catch(() => null));
  return response.blob();
}

/** Follows a path that an answer named. */
export async function fetchPath<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await persistentFetch(authorised(path, init));
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw Problem.of(response.status, answer);
  return answer as T;
}

function authorised(path: string, init?: RequestInit): Request {
  const request = new Request(new URL(path, location.origin), init);
  if (session.token) request.headers.set("authorization", `Bearer ${session.token}`);
  return request;
}
