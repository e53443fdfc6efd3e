/* SPDX-License-Identifier: Apache-2.0 */

/* One GET by libcurl, over a unix socket or TCP: bounded in time and size, no proxy, no redirect.
 */

#include "ctl/ctl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_TIMEOUT_MSEC   10000L
#define HTTP_BODY_BYTES_MAX ((size_t) 64 << 20)

static void easy_cleanup(CURL **curl) {
        curl_easy_cleanup(*curl);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata) {
        Buf *body = userdata;

        if (body->size + size * n > HTTP_BODY_BYTES_MAX)
                return 0;
        buf_append(body, bytes, size * n);
        return buf_error(body) < 0 ? 0 : size * n;
}

/* The port of HOST:PORT when it is none; NULL where it can be one, or where there is no port. */
static const char *find_bad_port(const char *host) {
        const char *bracket = strrchr(host, ']');
        const char *colon = strrchr(bracket ? bracket : host, ':');
        const char *port = colon ? colon + 1 : "";
        const size_t length = strlen(port);

        if (!colon)
                return NULL;
        if (length == 0 || length > 5 || port[strspn(port, "0123456789")] != '\0' ||
                atoi(port) == 0 || atoi(port) > UINT16_MAX)
                return port;
        return NULL;
}

/* "unix:/path" gives a socket and a name for the Host header; all else is a URL's host part. */
static int set_target(CURL *curl, const char *address, const char *path, char **ret_problem) {
        _cleanup_free_ char *url = NULL;
        const char *host = address, *port = NULL;
        CURLcode code = CURLE_OK;

        if (strncmp(address, "unix:", 5) == 0) {
                code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address + 5);
                host = "localhost";
        } else if (strncmp(address, "http://", 7) == 0)
                host = address + 7;
        if (code != CURLE_OK || *host == '\0' || strpbrk(host, "/ ?#@"))
                return -EINVAL;
        port = find_bad_port(host);
        if (port &&
                asprintf(ret_problem, "'%s' is no port: it is a number, 1 to 65535", port) < 0) {
                *ret_problem = NULL;
                return -ENOMEM;
        }
        if (port)
                return -EINVAL;
        if (asprintf(&url, "http://%s%s", host, path) < 0) {
                url = NULL;
                return -ENOMEM;
        }
        return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK ? 0 : -EINVAL;
}

static int set_options(CURL *curl, Buf *body, char *error) {
        CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");

        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, HTTP_TIMEOUT_MSEC);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
        if (code == CURLE_OK)
                code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
        return code == CURLE_OK ? 0 : -EINVAL;
}

/* Why it failed. Of a unix socket libcurl says "localhost port 80"; the system knows better. */
static char *problem_text(CURL *curl, CURLcode code, const char *error) {
        long os_errno = 0;
        char *text = NULL;

        if (code != CURLE_COULDNT_CONNECT ||
                curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno) != CURLE_OK || os_errno == 0)
                return strdup(*error ? error : curl_easy_strerror(code));
        if (asprintf(&text, "%s: is seccompd running, and does it listen there?",
                    strerror((int) os_errno)) < 0)
                return NULL;
        return text;
}

int http_get(const char *address, const char *path, Buf *body, char **ret_problem) {
        _cleanup_(easy_cleanup) CURL *curl = curl_easy_init();
        char error[CURL_ERROR_SIZE] = "";
        long status = 0;
        CURLcode code;
        int r;

        if (!curl)
                return -ENOMEM;
        r = set_options(curl, body, error);
        if (r >= 0)
                r = set_target(curl, address, path, ret_problem);
        if (r < 0)
                return r;
        code = curl_easy_perform(curl);
        if (code == CURLE_OUT_OF_MEMORY)
                return -ENOMEM;
        if (code != CURLE_OK) {
                *ret_problem = problem_text(curl, code, error);
                return *ret_problem ? -ECONNREFUSED : -ENOMEM;
        }
        (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        return (int) status;
}
