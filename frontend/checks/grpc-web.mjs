// node checks/grpc-web.mjs URL FILE
//
// Does over grpc-web what the page does: uploads FILE in chunks, has it analysed, watches, and fetches the answer.
// Prints one JSON object a line; `at_ms` is when it arrived, so that a reader can tell a live stream from a late one.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createClient, ConnectError } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

import {
  AnalysisService,
  AnalysisState,
  ModalityState,
  Stage,
} from "../gen/notreally/v1/analysis_pb.js";
import { Modality } from "../gen/notreally/v1/features_pb.js";
import { crc32c } from "../src/upload/crc32c.mjs";

const [url, file] = process.argv.slice(2);
if (!url || !file) {
  console.error("usage: node checks/grpc-web.mjs URL FILE");
  process.exit(2);
}

const began = performance.now();
const say = (kind, fields) =>
  console.log(JSON.stringify({ kind, at_ms: Math.round(performance.now() - began), ...fields }));

const client = createClient(AnalysisService, createGrpcWebTransport({ baseUrl: url }));

async function upload(bytes, chunkBytes) {
  let state = await client.createUpload({
    filename: basename(file),
    sizeBytes: BigInt(bytes.length),
    requestId: crypto.randomUUID(),
  });
  while (state.committedSize < state.sizeBytes) {
    const offset = Number(state.committedSize);
    const data = bytes.subarray(offset, offset + chunkBytes);
    state = await client.uploadChunk({ name: state.name, offset: BigInt(offset), data, crc32c: crc32c(data) });
    say("upload", { committed: Number(state.committedSize), size: bytes.length });
  }
  return state;
}

try {
  const info = await client.getServerInfo({});
  say("server", { version: info.version });
  const uploaded = await upload(await readFile(file), Number(info.maxChunkBytes));
  const created = await client.createAnalysis({ upload: uploaded.name, requestId: crypto.randomUUID() });
  say("created", { analysis: created.name });
  for await (const event of client.watchAnalyses({ targets: [{ name: created.name }] })) {
    say("event", {
      sequence: Number(event.sequence),
      state: AnalysisState[event.state],
      stage: Stage[event.stage],
      percent: event.percent,
      modalities: event.modalities.map((m) => ({
        modality: Modality[m.modality],
        state: ModalityState[m.state],
        fraction: m.fraction,
        text: m.text,
      })),
    });
  }
  const analysis = await client.getAnalysis({ name: created.name });
  say("result", {
    state: AnalysisState[analysis.state],
    prob_fake: analysis.result?.probFake ?? null,
    features: analysis.result?.contributions.length ?? 0,
  });
} catch (error) {
  const failure = ConnectError.from(error);
  say("error", { code: failure.code, message: failure.rawMessage });
  process.exit(1);
}
