import { Connection } from "./Connection";
import { Messages } from "./Messages";
import { Numbers } from "./Numbers";

/**
 * What takes long the first time, for what comes after it on the page.
 *
 * React stops for the reader between components and never within one, so each is a component with a module of its own.
 */
export function Preparations() {
  return (
    <>
      <Messages />
      <Connection />
      <Numbers />
    </>
  );
}
