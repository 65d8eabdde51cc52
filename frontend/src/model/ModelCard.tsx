import { type Block, blocks, pieces } from "./markdown";
import type { Picture } from "./pictures";

interface ModelCardProps {
  markdown: string;
  /** By the names that the card calls them by. */
  pictures: Readonly<Record<string, Picture>>;
}

/** The model card as a page; its first line is the page's heading. */
export function ModelCard({ markdown, pictures }: ModelCardProps) {
  return (
    <article className="mx-auto max-w-4xl">
      {blocks(markdown).map((block, index) => (
        <BlockView key={index} block={block} pictures={pictures} />
      ))}
    </article>
  );
}

function BlockView({ block, pictures }: { block: Block; pictures: ModelCardProps["pictures"] }) {
  switch (block.kind) {
    case "heading":
      return block.level === 1 ? (
        <h1 className="text-3xl font-semibold tracking-tight">
          <Inline text={block.text} />
        </h1>
      ) : (
        <h2 className="mt-10 text-xl font-semibold tracking-tight">
          <Inline text={block.text} />
        </h2>
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
      return <TableView head={block.head} rows={block.rows} />;
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

function TableView({ head, rows }: { head: string[]; rows: string[][] }) {
  return (
    <div className="panel mt-4 overflow-x-auto" tabIndex={0} role="region" aria-label={`Table: ${head.join(", ")}`}>
      <table className="w-full text-left text-sm [overflow-wrap:normal] tabular-nums">
        <thead className="bg-sunken">
          <tr>
            {head.map((cell) => (
              <th key={cell} scope="col" className="px-4 py-2 font-semibold">
                <Inline text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index} className="border-t border-line">
              {row.map((cell, column) => (
                <td key={column} className="px-4 py-1.5">
                  <Inline text={cell} />
                </td>
              ))}
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
