import { Component, type ReactNode } from "react";

/** Keeps one part that cannot be drawn from taking the page with it, and says which part it was. */
export class ErrorFence extends Component<{ part: string; children: ReactNode }, { message: string | null }> {
  override state: { message: string | null } = { message: null };

  static getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <p className="empty" role="alert">
        The part “{this.props.part}” could not be drawn ({this.state.message}). The other parts do not depend on it.
      </p>
    );
  }
}
