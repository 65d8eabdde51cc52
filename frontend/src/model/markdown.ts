/** The little Markdown that the model card is written in: headings, paragraphs, lists, tables, code, pictures. */

export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "list"; items: string[] }
  | { kind: "table"; head: string[]; rows: string[][] }
  | { kind: "code"; text: string }
  | { kind: "image"; alt: string; src: string };

export interface Piece {
  kind: "text" | "strong" | "code";
  text: string;
}

export function blocks(markdown: string): Block[] {
  // A fence may hold empty lines; everything else ends at one.
  return markdown
    .split(/^(```[^]*?^```)$/m)
    .flatMap((part) => (part.startsWith("```") ? [code(part)] : part.split(/\n{2,}/).flatMap(block)));
}

/** Bold and code inside a line. */
export function pieces(text: string): Piece[] {
  return text
    .split(/(\*\*.+?\*\*|`.+?`)/)
    .filter((part) => part !== "")
    .map((part) => {
      if (part.startsWith("**") && part.endsWith("**")) return { kind: "strong", text: part.slice(2, -2) };
      if (part.startsWith("`") && part.endsWith("`")) return { kind: "code", text: part.slice(1, -1) };
      return { kind: "text", text: part };
    });
}

function block(part: string): Block[] {
  const text = part.trim();
  // A comment is for whoever opens the file.
  if (text === "" || (text.startsWith("<!--") && text.endsWith("-->"))) return [];
  const heading = /^(#+) (.*)$/.exec(text);
  if (heading) return [{ kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" }];
  if (text.startsWith("|")) return [table(text)];
  if (text.startsWith("- ")) return [{ kind: "list", items: text.slice(2).split(/\n- /).map(oneLine) }];
  const [, alt, src] = /^!\[([^\]]*)\]\(([^)\s]+)\)$/.exec(oneLine(text)) ?? [];
  if (alt !== undefined && src !== undefined) return [{ kind: "image", alt, src }];
  return [{ kind: "paragraph", text: oneLine(text) }];
}

function table(text: string): Block {
  const [head = [], , ...rows] = text.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return { kind: "table", head, rows };
}

function code(fence: string): Block {
  return { kind: "code", text: fence.split("\n").slice(1, -1).join("\n") };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
