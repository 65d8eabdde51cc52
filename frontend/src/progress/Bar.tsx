/** How much of something is done. */

interface BarProps {
  /** 0 to 1; left out while nobody knows. */
  fraction?: number;
  /** What it is the progress of. */
  label: string;
  /** What a screen reader says in place of the bare percentage. */
  text?: string;
  /** Tailwind class of the filled part. */
  colour?: string;
  thin?: boolean;
}

export function Bar({ fraction, label, text, colour = "bg-accent", thin = false }: BarProps) {
  const known = fraction !== undefined;
  const percent = Math.round(Math.min(Math.max(fraction ?? 0, 0), 1) * 1000) / 10;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(percent) : undefined}
      aria-valuetext={text}
      className={`w-full overflow-hidden rounded-full bg-sunken inset-ring inset-ring-line ${thin ? "h-1.5" : "h-2.5"}`}
    >
      {known ? (
        // Moved rather than stretched: a transform costs no layout.
        <div
          className={`h-full w-full rounded-full transition-transform duration-300 ease-out ${colour}`}
          style={{ transform: `translateX(${percent - 100}%)` }}
        />
      ) : (
        <div className={`h-full w-1/3 animate-sweep rounded-full opacity-70 ${colour}`} />
      )}
    </div>
  );
}
