/* apply.c */
#include "postgres.h"
