// Markdown as elements, never as markup: HTML in it is shown as the text that it is.
import { lexer, type Token, type Tokens } from "marked";
import { Fragment, memo, useMemo, type ReactNode } from "react";

/** Beyond this nobody reads, and a page would stand still. */
const MOST = 200_000;

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => lexer(text.slice(0, MOST)), [text]);
  return <div className="markdown" dir="auto">{blocks(tokens)}</div>;
});

function blocks(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map((token, at) => <Fragment key={at}>{block(token)}</Fragment>);
}

function block(token: Token): ReactNode {
  switch (token.type) {
    case "heading": return <Heading depth={(token as Tokens.Heading).depth}>{inline(token.tokens)}</Heading>;
    case "paragraph": return <p>{inline(token.tokens)}</p>;
    case "code": return <pre tabIndex={0}><code>{(token as Tokens.Code).text}</code></pre>;
    case "blockquote": return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "hr": return <hr />;
    case "list": return list(token as Tokens.List);
    case "table": return table(token as Tokens.Table);
    case "html": return <p>{token.raw}</p>;
    case "text": return token.tokens ? inline(token.tokens) : plain(token as Tokens.Text);
    case "space": case "def": return null;
    default: return "tokens" in token && token.tokens ? blocks(token.tokens) : token.raw;
  }
}

/** The page has its own first two levels. */
function Heading({ depth, children }: { depth: number; children: ReactNode }) {
  if (depth === 1) return <h3>{children}</h3>;
  return depth === 2 ? <h4>{children}</h4> : <h5>{children}</h5>;
}

function list(token: Tokens.List): ReactNode {
  const items = token.items.map((item, at) => (
    <li key={at}>{item.task && <input type="checkbox" checked={item.checked ?? false} readOnly disabled aria-label={item.checked ? "done" : "open"} />} {blocks(item.tokens.filter((one) => one.type !== "checkbox"))}</li>
  ));
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function table(token: Tokens.Table): ReactNode {
  return (
    <div className="scroll" role="region" aria-label="Table" tabIndex={0}>
      <table>
        <thead><tr>{token.header.map((cell, at) => <th key={at} scope="col">{inline(cell.tokens)}</th>)}</tr></thead>
        <tbody>{token.rows.map((row, at) => <tr key={at}>{row.map((cell, column) => <td key={column}>{inline(cell.tokens)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map((token, at) => <Fragment key={at}>{span(token)}</Fragment>);
}

function span(token: Token): ReactNode {
  switch (token.type) {
    case "strong": return <strong>{inline(token.tokens)}</strong>;
    case "em": return <em>{inline(token.tokens)}</em>;
    case "del": return <del>{inline(token.tokens)}</del>;
    case "codespan": return <code>{(token as Tokens.Codespan).text}</code>;
    case "br": return <br />;
    case "link": return <Away href={(token as Tokens.Link).href}>{inline(token.tokens)}</Away>;
    case "image": return <Away href={(token as Tokens.Image).href}>{(token as Tokens.Image).text || "picture"}</Away>;
    case "escape": return (token as Tokens.Escape).text;
    case "text": return token.tokens ? inline(token.tokens) : plain(token as Tokens.Text);
    default: return token.raw;
  }
}

const plain = (token: Tokens.Text) => token.text;

/** A link that leads to a page; what it would do otherwise (javascript:, data:) it does not do. */
function Away({ href, children }: { href: string; children: ReactNode }) {
  if (!/^(https?:|mailto:|\/(?!\/)|#)/i.test(href)) return <>{children}</>;
  return <a href={href} rel="noopener noreferrer" target={href.startsWith("#") ? undefined : "_blank"}>{children}</a>;
}
