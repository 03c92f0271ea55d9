/* base.c */
#include "postgres.h"
