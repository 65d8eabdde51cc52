/**
 * Asking for an analysis before the code of its page has come.
 *
 * The page itself asks, as it is parsed: its scripts take as long to come and to start as the answer does, and on a
 * slow line one would wait for the other. The first call for the same analysis then takes that answer.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { AnalysisService, GetAnalysisRequestSchema } from "@gen/notreally/v1/analysis_pb";

interface Early {
  url: string;
  /** What was sent: all of it is ASCII. */
  body: string;
  answer: Promise<Response>;
}

declare global {
  interface Window {
    notreallyEarly?: Early;
  }
}

// Stands for the id that the address names, which is as long: the lengths inside the message hold for any.
const SOME_ID = "00000000-0000-0000-0000-000000000000";

/** What runs in the page of an analysis: a grpc-web call of GetAnalysis, made here but for the id. */
export function earlyScript(): string {
  const { typeName, method } = AnalysisService;
  const request = create(GetAnalysisRequestSchema, { name: `analyses/${SOME_ID}`, omitThumbnails: true });
  const message = toBinary(GetAnalysisRequestSchema, request);
  const body = String.fromCharCode(0, 0, 0, 0, message.length, ...message);
  const server = process.env.NEXT_PUBLIC_API_BASE_URL;
  const headers = { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" };
  return `(()=>{const id=new URLSearchParams(location.search).get("id");
if(!/^[0-9a-f-]{${SOME_ID.length}}$/.test(id)||location.hash.startsWith("#share="))return;
const url=${server ? JSON.stringify(server) : "location.origin"}+"/${typeName}/${method.getAnalysis.name}";
const body=${JSON.stringify(body)}.replace("${SOME_ID}",id);
const answer=fetch(url,{method:"POST",headers:${JSON.stringify(headers)},body});
answer.catch(()=>{});
window.notreallyEarly={url,body,answer}})()`;
}

/** `fetch` for the transport: what was asked early is not asked again. */
export const fetchOrEarly: typeof fetch = (input, init) => taken(input, init?.body) ?? fetch(input, init);

function taken(url: unknown, body: unknown): Promise<Response> | undefined {
  const early = window.notreallyEarly;
  if (!early || early.url !== url || !(body instanceof Uint8Array)) return undefined;
  if (new TextDecoder().decode(body) !== early.body) return undefined;
  delete window.notreallyEarly;
  return early.answer;
}
