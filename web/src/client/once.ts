type Send = (request: Request) => Promise<Response>;

/**
 * Two clicks are one wish: a request that changes something is not sent again while the very same one is on its
 * way; whoever asks twice gets the same answer.
 */
export function once(send: Send): Send {
  const underWay = new Map<string, Promise<Response>>();
  return async (request) => {
    if (request.method === "GET") return send(request);
    const wish = `${request.method} ${request.url} ${await request.clone().text()}`;
    const answer = underWay.get(wish) ?? send(request).finally(() => underWay.delete(wish));
    underWay.set(wish, answer);
    return (await answer).clone();
  };
}
