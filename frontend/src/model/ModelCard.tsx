import { type Block, blocks, pieces } from "./markdown";
import type { Picture } from "./pictures";

interface ModelCardProps {
  markdown: string;
  /** By the names that the card calls them by. */
  pictures: Readonly<Record<string, Picture>>;
  /** Before the name of each part in an address, so that two cards on one page have parts of their own. */
  prefix?: string;
}

/** A part of the card, and where it is on the page. */
interface Part {
  id: string;
  title: string;
}

/** A model card as a page; its first line is the page's heading, and what it holds comes below that. */
export function ModelCard({ markdown, pictures, prefix = "" }: ModelCardProps) {
  const all = blocks(markdown);
  const first = all.findIndex((block, index) => index > 0 && block.kind === "heading" && block.level === 2);
  const parts = all.flatMap((block, index) =>
    block.kind === "heading" && block.level === 2 && index > 0
      ? [{ id: idOf(prefix, block.text), title: block.text }]
      : [],
  );
  return (
    <article className="mx-auto max-w-4xl" aria-label={titleOf(markdown)}>
      {all.map((block, index) => (
        <div key={index} className="contents">
          {index === first && <Contents of={titleOf(markdown)} parts={parts} />}
          <BlockView block={block} pictures={pictures} prefix={prefix} label={labelOf(all, index)} />
        </div>
      ))}
    </article>
  );
}

function titleOf(markdown: string): string {
  const heading = blocks(markdown).find(({ kind }) => kind === "heading");
  return heading?.kind === "heading" ? heading.text : "Model card";
}

function idOf(prefix: string, title: string): string {
  return prefix + title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

/** Of a table: the part it is in and which one it is there, which no other has. */
function labelOf(all: readonly Block[], index: number): string {
  const before = all.slice(0, index);
  const part = before.findLastIndex(({ kind }) => kind === "heading");
  const heading = all[part];
  const tables = before.slice(part + 1).filter(({ kind }) => kind === "table").length;
  return `Table ${tables + 1} of “${heading?.kind === "heading" ? heading.text : ""}”`;
}

function Contents({ of, parts }: { of: string; parts: readonly Part[] }) {
  return (
    <nav aria-label={`Contents of “${of}”`} className="panel mt-5 p-4">
      <ul className="grid gap-x-6 gap-y-1 text-sm sm:grid-cols-2">
        {parts.map(({ id, title }) => (
          <li key={id}>
            <a href={`#${id}`} className="link inline-block py-0.5">
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface BlockProps {
  block: Block;
  pictures: ModelCardProps["pictures"];
  prefix: string;
  label: string;
}

function BlockView({ block, pictures, prefix, label }: BlockProps) {
  switch (block.kind) {
    case "heading":
      if (block.level === 1) {
        return (
          <h1 className="text-3xl font-semibold tracking-tight">
            <Inline text={block.text} />
          </h1>
        );
      }
      return block.level === 2 ? (
        <h2 id={idOf(prefix, block.text)} className="mt-10 scroll-mt-4 text-xl font-semibold tracking-tight">
          <Inline text={block.text} />
        </h2>
      ) : (
        <h3 className="mt-7 font-semibold">
          <Inline text={block.text} />
        </h3>
      );
    case "paragraph":
      return (
        <p className="mt-3 max-w-prose leading-relaxed">
          <Inline text={block.text} />
        </p>
      );
    case "list":
      return (
        <ul className="mt-3 grid max-w-prose list-disc gap-2 pl-5">
          {block.items.map((item) => (
            <li key={item}>
              <Inline text={item} />
            </li>
          ))}
        </ul>
      );
    case "table":
      return <TableView head={block.head} rows={block.rows} label={label} />;
    case "image":
      return <PictureView picture={pictures[block.src]} alt={block.alt} />;
    case "code":
      return (
        <pre tabIndex={0} className="mt-3 overflow-x-auto rounded-lg bg-sunken p-4 font-mono text-sm">
          {block.text}
        </pre>
      );
  }
}

/** Plots are drawn for white paper. */
function PictureView({ picture, alt }: { picture: Picture | undefined; alt: string }) {
  if (!picture) return null;
  return (
    <figure className="mt-4 w-fit max-w-full overflow-hidden rounded-xl border border-line bg-white p-2">
      {/* A file beside the page: there is nothing for Next to optimise. */}
      {/* eslint-disable-next-line @next/next/no-img-element */}
      <img {...picture} alt={alt} loading="lazy" className="h-auto max-w-full" />
    </figure>
  );
}

function TableView({ head, rows, label }: { head: string[]; rows: string[][]; label: string }) {
  return (
    <div className="panel mt-4 overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full text-left text-sm [overflow-wrap:normal] tabular-nums">
        <thead className="bg-sunken">
          <tr>
            {head.map((cell) =>
              // Over names that need no name of their own.
              cell === "" ? (
                <td key={cell} />
              ) : (
                <th key={cell} scope="col" className="px-4 py-2 font-semibold">
                  <Inline text={cell} />
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index} className="border-t border-line">
              {row.map((cell, column) =>
                column === 0 ? (
                  <th key={column} scope="row" className="px-4 py-1.5 font-normal">
                    <Inline text={cell} />
                  </th>
                ) : (
                  <td key={column} className="px-4 py-1.5">
                    <Inline text={cell} />
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Inline({ text }: { text: string }) {
  return pieces(text).map((piece, index) => {
    if (piece.kind === "strong") return <strong key={index}>{piece.text}</strong>;
    if (piece.kind === "code") {
      return (
        <code key={index} className="font-mono text-[0.9em]">
          {piece.text}
        </code>
      );
    }
    return piece.text;
  });
}
