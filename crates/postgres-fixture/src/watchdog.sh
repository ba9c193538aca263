# watchdog FOLDER DATA PSQL
#
# Ends the server whose cluster is DATA, and removes the cluster, when no test has asked for it
# for a minute and no client is connected. FOLDER holds the lock that tests take while they ask.

folder=$1 data=$2 psql=$3

is_idle() {
    [ -z "$(find "$folder/used" -mmin -1)" ] || return 1
    clients=$("$psql" -XAtc "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()") || return 0
    [ "$clients" = 0 ]
}

end() {
    rm -f "$folder/server"
    pid=$(head -n 1 "$data/postmaster.pid") && kill -INT "$pid"
    tries=0
    while [ -e "$data/postmaster.pid" ] && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    rm -rf "$data"
}

exec 9<"$folder/lock" || exit 1
while sleep 5; do
    # Another server took its place.
    [ -d "$data" ] || exit 0
    flock 9
    if is_idle; then
        end
        exit 0
    fi
    flock -u 9
done
