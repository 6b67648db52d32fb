// Where an archive is: a folder (folder-place.ts), or a bucket that speaks S3 (s3-place.ts).

/** A file of an archive. */
export interface PlacedFile {
  /** With slashes. */
  readonly name: string;
  readonly bytes: number;
}

/** Keeps files by name. A name is there only when its file is whole. */
export interface ArchivePlace {
  /** For people. */
  readonly where: string;
  /** @throws {FlxError} `FLX_ARCHIVE_PLACE` when it cannot be reached or read */
  list(): Promise<readonly PlacedFile[]>;
  /**
   * Puts a copy of a file there; one that is there under this name is replaced.
   *
   * @throws {FlxError} `FLX_ARCHIVE_PLACE`
   */
  put(name: string, path: string): Promise<void>;
  /**
   * Brings a file.
   *
   * @param to       where; must not be there
   * @param maxBytes more than that is not read
   * @throws {FlxError} `FLX_ARCHIVE_PLACE`, also when it is not there or larger
   */
  get(name: string, to: string, maxBytes: number): Promise<void>;
  /** @throws {FlxError} `FLX_ARCHIVE_PLACE` */
  remove(name: string): Promise<void>;
  /** Where a file can be read as it is; undefined: it has to be brought. */
  pathOf(name: string): string | undefined;
}
