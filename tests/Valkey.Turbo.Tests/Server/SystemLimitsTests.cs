using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Network;
using Valkey.Turbo.Server;

namespace Valkey.Turbo.Tests.Server;

/// <summary>What is left to a server under a filter of system calls.</summary>
public sealed class SystemLimitsTests
{
    private sealed class Lines : INetworkLog
    {
        internal List<string> All { get; } = [];

        public void Notice(string text) => All.Add(text);

        public void Warning(string text) => All.Add(text);
    }

    [Fact]
    public void WithoutAFilterThreadsArePinnedAndNothingIsSaid()
    {
        ServerConfig config = new();
        Lines log = new();
        SystemLimits limits = SystemLimits.For(config, log, []);
        Assert.Equal(CpuAffinity.Allowed(), limits.Cpus);
        Assert.Equal(limits.Cpus.Length, config.Threads.Number);
        Assert.Null(limits.IoUringRefusal);
        Assert.Empty(log.All);
    }

    [Fact]
    public void WhatAFilterForbidsIsLeftOutAndNamedOnce()
    {
        Lines log = new();
        SystemLimits limits = SystemLimits.For(new ServerConfig(), log, Enum.GetValues<SystemCallFilter.Call>());
        Assert.Empty(limits.Cpus);
        Assert.Equal(-1, limits.NodeOf(0));
        Assert.NotNull(limits.IoUringRefusal);
        Assert.Equal(
            "A filter of system calls (seccomp) kills who calls sched_setaffinity, io_uring_setup, mbind: running unpinned, on epoll, without regard to NUMA nodes.",
            Assert.Single(log.All));
        Assert.NotEmpty(SystemLimits.For(new ServerConfig(), log, [SystemCallFilter.Call.IoUringSetup]).Cpus);
    }
}
