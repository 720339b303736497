// SPDX-License-Identifier: Apache-2.0
// Sets the code unit width before the header is read: PCRE2's function names depend on it.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
