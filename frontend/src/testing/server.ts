/** A server in memory, for tests: keeps uploads as the gateway does, and fails when told to. */

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@gen/google/rpc/error_details_pb";
import { AnalysisService, AnalysisState, UploadSchema, type Upload } from "@gen/notreally/v1/analysis_pb";

import type { Api } from "@/lib/api/client";
import { crc32c } from "@/upload/crc32c.mjs";

export class Server {
  uploads = new Map<string, Upload>();
  bytes: number[] = [];
  calls: string[] = [];
  /** Errors to answer the next calls of a method with, in order. */
  failures = new Map<string, ConnectError[]>();
  maxChunkBytes = 1000n;

  constructor(private readonly more: Partial<ServiceImpl<typeof AnalysisService>> = {}) {}

  fail(method: string, ...errors: ConnectError[]): void {
    this.failures.set(method, errors);
  }

  /** Loses what it has of an upload. */
  lose(name: string): void {
    this.uploads.set(name, create(UploadSchema, { ...this.find(name), committedSize: 0n, complete: false }));
    this.bytes = [];
  }

  api(): Api {
    return createClient(
      AnalysisService,
      createRouterTransport(({ service }) => service(AnalysisService, { ...this.methods(), ...this.more })),
    );
  }

  private methods(): Partial<ServiceImpl<typeof AnalysisService>> {
    return {
      getServerInfo: () => this.answer("getServerInfo", { maxUploadBytes: 10_000n, maxChunkBytes: this.maxChunkBytes }),
      createUpload: ({ requestId, filename, sizeBytes }) => {
        const name = `uploads/${requestId}`;
        const known = this.uploads.get(name) ?? create(UploadSchema, { name, filename, sizeBytes });
        this.uploads.set(name, known);
        return this.answer("createUpload", known);
      },
      getUpload: ({ name }) => this.answer("getUpload", this.find(name)),
      uploadChunk: ({ name, offset, data, crc32c: sum }) => {
        this.answer("uploadChunk", undefined);
        const upload = this.find(name);
        if (offset !== upload.committedSize) throw refusal(Code.OutOfRange, "WRONG_OFFSET");
        if (crc32c(data) !== sum) throw refusal(Code.InvalidArgument, "CHECKSUM_MISMATCH");
        this.bytes.push(...data);
        const committedSize = offset + BigInt(data.length);
        const stored = create(UploadSchema, { ...upload, committedSize, complete: committedSize === upload.sizeBytes });
        this.uploads.set(name, stored);
        return stored;
      },
      createAnalysis: ({ requestId }) =>
        this.answer("createAnalysis", { name: `analyses/${requestId}`, state: AnalysisState.QUEUED }),
    };
  }

  private find(name: string): Upload {
    const upload = this.uploads.get(name);
    if (!upload) throw refusal(Code.NotFound, "UPLOAD_NOT_FOUND");
    return upload;
  }

  private answer<T>(method: string, value: T): T {
    this.calls.push(method);
    const failure = this.failures.get(method)?.shift();
    if (failure) throw failure;
    return value;
  }
}

/** What the server answers instead of a result. */
export function refusal(code: Code, reason: string): ConnectError {
  const info = { domain: "notreally", reason };
  return new ConnectError(`Refused: ${reason}.`, code, undefined, [{ desc: ErrorInfoSchema, value: info }]);
}

/** A connection that broke. */
export function broken(): ConnectError {
  return new ConnectError("no connection", Code.Unavailable);
}

