import { useEffect, useState } from "react";

export interface Chapter { id: string; title: string }

function useTheme(): [string, () => void] {
  const [theme, setTheme] = useState(() => document.documentElement.dataset.theme ?? "light");
  const toggle = () => {
    const next = theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    setTheme(next);
  };
  useEffect(() => {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = () => { document.documentElement.dataset.theme = system.matches ? "dark" : "light"; setTheme(system.matches ? "dark" : "light"); };
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  return [theme, toggle];
}

function useCurrent(chapters: readonly Chapter[]): string {
  const [current, setCurrent] = useState(chapters[0]?.id ?? "");
  useEffect(() => {
    const seen = new Map<string, boolean>();
    const observer = new IntersectionObserver((entries) => {
      for (const e of entries) seen.set(e.target.id, e.isIntersecting);
      const first = chapters.find((c) => seen.get(c.id));
      if (first) setCurrent(first.id);
    }, { rootMargin: "-20% 0px -60% 0px" });
    for (const c of chapters) {
      const element = document.getElementById(c.id);
      if (element) observer.observe(element);
    }
    return () => observer.disconnect();
  }, [chapters]);
  return current;
}

/** Chapters of the page: a column beside it on a wide screen, a strip above it on a narrow one. */
export function Nav({ chapters, project }: { chapters: readonly Chapter[]; project: string }) {
  const [theme, toggle] = useTheme();
  const current = useCurrent(chapters);
  return (
    <nav className="nav" aria-label="Chapters">
      <a className="brand" href="#top">{project}</a>
      <ul>
        {chapters.map((c) => <li key={c.id}><a href={`#${c.id}`} aria-current={c.id === current ? "true" : undefined}>{c.title}</a></li>)}
      </ul>
      <div className="nav-tools">
        <button type="button" onClick={toggle} aria-label={`Switch to ${theme === "dark" ? "light" : "dark"} colours`}>
          <span aria-hidden="true">{theme === "dark" ? "☀" : "☾"}</span><span className="tool-word"> {theme === "dark" ? "Light" : "Dark"}</span>
        </button>
        <button type="button" className="print-button" onClick={() => window.print()}>Print</button>
      </div>
    </nav>
  );
}
