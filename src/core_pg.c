/*
 * core_pg.c
 *		The server's side of core.h: allocation, interrupts, errors.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core_pg.h"

/* Allocate in the current memory context; raises an error when out of it. */
void *
CoreAlloc(size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

/* The same, zeroed. */
void *
CoreAllocZero(size_t size)
{
	void	   *pointer = CoreAlloc(size);

	memset(pointer, 0, size);
	return pointer;
}

/* Grow an allocation; NULL starts one. */
void *
CoreRealloc(void *pointer, size_t size)
{
	return pointer == NULL ? CoreAlloc(size) : repalloc_huge(pointer, size);
}

/* Release an allocation; NULL is none. */
void
CoreFree(void *pointer)
{
	if (pointer != NULL)
		pfree(pointer);
}

/* Let a cancel request or a timeout through. */
void
CoreCheckInterrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The SQLSTATE of an error code. */
int
CoreSqlState(CoreErrorCode code)
{
	switch (code)
	{
		case CORE_SYNTAX:
			return ERRCODE_INVALID_TEXT_REPRESENTATION;
		case CORE_BINARY:
			return ERRCODE_INVALID_BINARY_REPRESENTATION;
		case CORE_CORRUPTED:
			return ERRCODE_DATA_CORRUPTED;
		case CORE_INVALID:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case CORE_RANGE:
			return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
		case CORE_DATETIME:
			return ERRCODE_DATETIME_FIELD_OVERFLOW;
		case CORE_LIMIT:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case CORE_HORIZON:
			return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		case CORE_NOT_FOUND:
			return ERRCODE_NO_DATA;
		case CORE_OK:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}

/* What ereport() and errsave() say of err; empty parts are left out. */
#define CORE_ERROR_FIELDS(err) \
	(errcode(CoreSqlState((err)->code)), \
	 errmsg_internal("%s", (err)->message), \
	 (err)->detail[0] != '\0' ? errdetail_internal("%s", (err)->detail) : 0, \
	 (err)->hint[0] != '\0' ? errhint("%s", (err)->hint) : 0)

/* Raise err. */
void
ThrowCoreError(const CoreError *err)
{
	ereport(ERROR, CORE_ERROR_FIELDS(err));
	pg_unreachable();
}

/* Raise or save err; see core_pg.h. */
Datum
SaveCoreError(fmNodePtr context, const CoreError *err)
{
	errsave(context, CORE_ERROR_FIELDS(err));
	return (Datum) 0;
}
