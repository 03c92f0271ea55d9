/* purchase.c */
#include "postgres.h"
