import { type Block, blocks, pieces } from "./markdown";

/** The model card as a page; its first line is the page's heading. */
export function ModelCard({ markdown }: { markdown: string }) {
  return (
    <article className="mx-auto max-w-4xl">
      {blocks(markdown).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </article>
  );
}

function BlockView({ block }: { block: Block }) {
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
    case "code":
      return (
        <pre tabIndex={0} className="mt-3 overflow-x-auto rounded-lg bg-sunken p-4 font-mono text-sm">
          {block.text}
        </pre>
      );
  }
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
