#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The hosts of nat.c.

  nat.py serve PROTOCOL ADDRESS PORT NAME   answers everybody with NAME and the address that it saw them come from
  nat.py ask PROTOCOL ADDRESS PORT [FROM]   prints the answer, "refused", or "silence" after a second
  nat.py stream ADDRESS PORT FILE           asks over one TCP connection, fifty times a second, until that ends: then it
                                            writes the number of answers and what ended it to FILE. A minute at most
"""
import socket
import sys
import threading
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def talk(connection, name, peer):
    connection.settimeout(60)
    try:
        while connection.recv(100):
            connection.sendall(f"{name} {peer[0]}".encode())
    except OSError:
        pass
    connection.close()


def serve(protocol, address, port, name):
    with socket.socket(family(address), socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, int(port)))
        if protocol == "udp":
            while True:
                _, peer = server.recvfrom(100)
                server.sendto(f"{name} {peer[0]}".encode(), peer)
        server.listen()
        while True:
            connection, peer = server.accept()
            threading.Thread(target=talk, args=(connection, name, peer), daemon=True).start()


def ask(protocol, address, port, source=None):
    with socket.socket(family(address), socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        if source:
            client.bind((source, 0))
        try:
            client.connect((address, int(port)))
            client.send(b"who am I")
            print(client.recv(100).decode())
        except ConnectionError:
            print("refused")
        except OSError:
            print("silence")


def stream(address, port, file):
    answers, end = 0, "time"
    with socket.socket(family(address), socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect((address, int(port)))
        begin = time.monotonic()
        try:
            while time.monotonic() < begin + 60:
                client.send(b"still there")
                if not client.recv(100):
                    break
                answers += 1
                with open(file + ".count", "w", encoding="ascii") as count:
                    count.write(str(answers))
                time.sleep(0.02)
        except OSError as error:
            end = type(error).__name__
    with open(file, "w", encoding="ascii") as result:
        result.write(f"{answers} {end}\n")


if __name__ == "__main__":
    {"serve": serve, "ask": ask, "stream": stream}[sys.argv[1]](*sys.argv[2:])
