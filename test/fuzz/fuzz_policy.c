/*
 * fuzz_policy.c
 *		The policy language: what is read can be written and read again to the
 *		same bytes, joining agrees with text, and no stored block is trusted.
 *
 * The input is a text; behind a NUL, if there is one, pairs of bytes say how
 * the compiled block is damaged before it is opened and written.
 */
#include "policy/policy.h"

#include <stdlib.h>

#include "standalone.h"

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

/* The canonical text of a block. */
static CoreText
Write(const PolicyData *data, size_t size)
{
	Policy		policy;
	CoreError	err;
	CoreText	text;

	Require(PolicyOpen(data, size, &policy, &err));
	CoreTextInit(&text);
	PolicyWrite(&policy, &text);
	return text;
}

/* Compile a text that must be right, and compare the block. */
static void
RequireReads(const CoreText *text, const PolicyData *data, size_t size)
{
	CoreError	err;
	size_t		again_size;
	PolicyData *again = PolicyParse(text->data, text->length, &again_size,
									&err);

	Require(again != NULL);
	Require(again_size == size && memcmp(again, data, size) == 0);
	CoreFree(again);
}

/* The policy joined to itself: names may clash, or it becomes too large. */
static void
CheckJoin(const PolicyData *data, size_t size)
{
	Policy		policy;
	CoreError	err;
	size_t		joined_size;
	PolicyData *joined;
	CoreText	text;

	Require(PolicyOpen(data, size, &policy, &err));
	joined = PolicyJoin(&policy, &policy, &joined_size, &err);
	if (joined == NULL)
	{
		Require(err.code != CORE_OK && err.hint[0] != '\0');
		return;
	}
	text = Write(joined, joined_size);
	RequireReads(&text, joined, joined_size);
	CoreFree(text.data);
	CoreFree(joined);
}

/* Change bytes of the block; if it still opens, it can be written. */
static void
CheckDamaged(PolicyData *data, size_t size, const uint8_t *edits,
			 size_t nedits)
{
	unsigned char *bytes = (unsigned char *) data;
	size_t		place = 0;
	Policy		policy;
	CoreError	err;
	CoreText	text;

	for (size_t i = 0; i + 1 < nedits; i += 2)
	{
		place = (place + edits[i]) % size;
		bytes[place] ^= edits[i + 1];
	}
	if (nedits % 2 == 1)
		size -= edits[nedits - 1] % size;
	if (!PolicyOpen(data, size, &policy, &err))
	{
		Require(err.code == CORE_CORRUPTED);
		return;
	}
	CoreTextInit(&text);
	PolicyWrite(&policy, &text);
	CoreFree(text.data);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t		length = nul == NULL ? size : (size_t) (nul - data);
	CoreError	err = {0};
	size_t		block_size;
	PolicyData *block = PolicyParse((const char *) data, length, &block_size,
									&err);
	CoreText	text;

	if (block == NULL)
	{
		Require(err.code != CORE_OK && err.message[0] != '\0');
		Require(err.detail[0] != '\0' && err.hint[0] != '\0');
		StandaloneReset();
		return 0;
	}
	text = Write(block, block_size);
	RequireReads(&text, block, block_size);
	CoreFree(text.data);
	CheckJoin(block, block_size);
	if (nul != NULL)
		CheckDamaged(block, block_size, nul + 1, size - length - 1);
	StandaloneReset();
	return 0;
}
