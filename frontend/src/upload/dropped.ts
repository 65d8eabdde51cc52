/** Files out of what was dropped: of folders everything inside, however deep. */

/** All files; must be called while the drop is handled, and reads folders afterwards. */
export async function filesOf(transfer: DataTransfer): Promise<{ files: File[]; folder: string | undefined }> {
  // The list is emptied as soon as the handler returns.
  const entries = Array.from(transfer.items, (item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const plain = Array.from(transfer.files);
  const folders = entries.filter((entry) => entry?.isDirectory);
  if (folders.length === 0) return { files: plain, folder: undefined };
  const files: File[] = [];
  for (const entry of entries) if (entry) await gather(entry, files);
  return { files, folder: folders[0]?.name };
}

async function gather(entry: FileSystemEntry, files: File[]): Promise<void> {
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await new Promise<File | undefined>((resolve) => {
      (entry as FileSystemFileEntry).file(resolve, () => resolve(undefined));
    });
    if (file) files.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // It gives a hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return;
    for (const each of some) await gather(each, files);
  }
}
