import { describe, expect, it } from "vitest";
import { once } from "../src/client/once";

function wish(body: string, method = "POST"): Request {
  const init = method === "GET" ? { method } : { method, body };
  return new Request("http://desk.test/v1/interactions/x/end", init);
}

function door() {
  const open: ((answer: Response) => void)[] = [];
  const send = once(() => new Promise((answer) => open.push(answer)));
  return { open, send };
}

const settled = () => new Promise((done) => setTimeout(done));

describe("a wish", () => {
  it("that is said twice is sent once, and both hear the answer", async () => {
    const { open, send } = door();
    const both = Promise.all([send(wish("{}")), send(wish("{}"))]);
    await settled();
    expect(open).toHaveLength(1);
    open[0]!(new Response("done"));
    expect(await Promise.all((await both).map((answer) => answer.text()))).toEqual(["done", "done"]);
  });

  it("may be said again once it was answered", async () => {
    const { open, send } = door();
    const first = send(wish("{}"));
    await settled();
    open[0]!(new Response());
    await first;
    void send(wish("{}"));
    await settled();
    expect(open).toHaveLength(2);
  });

  it.each([
    ["with other words", "POST"],
    ["that only asks", "GET"],
  ])("%s is sent each time", async (body, method) => {
    const { open, send } = door();
    void send(wish("{}", method));
    void send(wish(body, method));
    await settled();
    expect(open).toHaveLength(2);
  });
});
