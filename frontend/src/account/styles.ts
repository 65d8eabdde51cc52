/** How a field of a form looks. */
export const FIELD = "h-11 rounded-lg border border-line bg-paper px-3";
