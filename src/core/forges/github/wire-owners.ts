import * as z from 'zod/mini';

// Native shapes of what is asked to learn who owns what a change brings.

/**
 * A directory is a list, and a submodule, or a symbolic link that leads out of the repository, has another type: none of them is CODEOWNERS. A
 * link to a file of the repository comes as that file.
 */
export const fileSchema = z.object({
  type: z.literal('file'),
  size: z.number(),
  encoding: z.string(),
  content: z.string(),
});

export const changedFilesSchema = z.object({
  base_commit: z.object({ sha: z.string() }),
  files: z.array(z.object({ filename: z.string(), previous_filename: z.optional(z.string()) })),
});
