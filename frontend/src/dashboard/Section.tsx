import { type ReactNode, useId } from "react";

interface SectionProps {
  title: string;
  about?: ReactNode;
  children: ReactNode;
}

/** One part of the page, with its heading. */
export function Section({ title, about, children }: SectionProps) {
  const heading = useId();
  return (
    <section aria-labelledby={heading} className="min-w-0">
      <h2 id={heading} className="text-xl font-semibold tracking-tight">
        {title}
      </h2>
      {about && <p className="mt-1 max-w-prose text-quiet">{about}</p>}
      <div className="mt-4">{children}</div>
    </section>
  );
}
